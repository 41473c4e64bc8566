// When a writer's checkpoints are written, what is in one, and which one is trusted.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "histoloom/pyramid/checkpoint.h"
#include "histoloom/pyramid/options.h"
#include "level_chain.h"
#include "tile_store.h"

namespace histoloom::pyramid {

// Everything that decides a byte of the file, as text; `rows` stands for the pixels.
std::string identity_of(const WriterOptions& options, const std::string& rows);

class Checkpointer {
 public:
  Checkpointer(const CheckpointOptions& checkpoints, const WriterOptions& options);

  // Brings store and chain, which are empty, to where the checkpoint is; false where there is none
  // that fits, and then removes it. Tiles begin at `first` in the file.
  bool restore(Sink& sink, TileStore& store, LevelChain& chain, std::uint64_t first);
  // Why a checkpoint that was there was not used; empty else.
  const std::string& refusal() const { return refusal_; }

  // Whether it is time: a row of tiles has been finished since the last one, and what that one cost
  // is little against the time since; always after the last row.
  bool due(const LevelChain& chain) const;
  // Waits for the tiles under way, syncs the file and replaces the checkpoint.
  void write(Sink& sink, const TileStore& store, LevelChain& chain, std::uint64_t first);

  // Whether a checkpoint is on disk.
  bool written() const { return written_; }
  void remove() noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<CheckpointIn> open_fitting();

  const CheckpointOptions options_;
  const std::string identity_;
  const std::int64_t height_;
  std::string refusal_;
  bool written_ = false;
  std::int64_t rows_ = 0;  // of the last checkpoint
  Clock::time_point next_ = Clock::now();
};

}  // namespace histoloom::pyramid
