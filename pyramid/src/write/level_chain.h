// The chain of levels: rows in at the top, encoded tiles out of every level.
#pragma once

#include <tbb/enumerable_thread_specific.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "block.h"
#include "checkpoint_file.h"
#include "histoloom/pyramid/options.h"
#include "tile_encoder.h"
#include "tile_store.h"

namespace histoloom::pyramid {

// Owns the strips and the threads. One thread calls; tiles reach the store from one thread at a
// time and in an order that depends on the image's size alone.
class LevelChain {
 public:
  // `store` outlives the chain.
  LevelChain(const WriterOptions& options, TileStore& store);
  ~LevelChain();
  LevelChain(const LevelChain&) = delete;
  LevelChain& operator=(const LevelChain&) = delete;

  // Takes the next rows; compression runs on while it returns. Rethrows what failed meanwhile.
  void push(const std::uint8_t* rows, std::int64_t count, std::ptrdiff_t stride);

  // Waits until all that was pushed is stored. Rethrows what failed.
  void wait();

  // Drops what is under way; nothing reaches the store after it. For a chain that is given up.
  void stop() noexcept;

  struct LevelTiles {
    PixelSize size;
    std::vector<BlobId> tiles;  // row by row
    std::uint64_t bytes = 0;    // newly stored
  };
  // The stored levels; complete after wait() once all rows were pushed.
  const std::vector<LevelTiles>& levels() const { return tiles_; }

  // Rows of which every tile is stored, or under way there before wait(): whole strips.
  std::int64_t strip_rows() const { return pushed_ - filled_; }

  // Puts down what is needed to go on with row strip_rows(): the strips of all levels below the
  // first, the tiles of all levels and the preview. After wait().
  void save(CheckpointOut& out) const;
  // Takes it over, in a chain that has taken no row.
  void restore(CheckpointIn& in);

  // The largest level of at most 1024 px a side, whole.
  const Raster& preview() const { return preview_; }

 private:
  struct Level {
    PixelSize size;
    bool stored = true;               // false: exists only to make the preview
    std::vector<std::uint8_t> strip;  // tile rows of width pixels
    std::int64_t rows = 0;            // in the strip
    std::int64_t strips_done = 0;
    std::int64_t columns = 0;
  };
  struct Job {  // one strip of one level
    std::size_t level = 0;
    const std::uint8_t* data = nullptr;
    std::int64_t rows = 0;
  };
  struct Token;

  std::size_t row_bytes(const Level& level) const;
  void plan_levels();
  void submit();
  void process(Job job);
  void process_strip(const Job& job);
  Block tile_block(const Job& job, std::int64_t column) const;
  void pass_on(const Job& job, std::int64_t column, const Block& block);
  std::shared_ptr<const Encoded> encode(const Block& block);

  const WriterOptions options_;
  const Encoding encoding_;
  TileStore& store_;
  std::vector<Level> levels_;
  std::vector<LevelTiles> tiles_;
  std::size_t preview_level_ = 0;
  Raster preview_;

  std::vector<std::uint8_t> filling_;  // level 0's second strip, which the caller fills
  std::int64_t filled_ = 0;            // rows in it
  std::int64_t pushed_ = 0;            // rows in all

  // Tiles of one colour are compressed once; at most kFlatColours are kept.
  std::mutex flat_mutex_;
  std::map<std::uint32_t, std::shared_ptr<const Encoded>> flat_;

  tbb::enumerable_thread_specific<std::unique_ptr<TileEncoder>> encoders_;
  int threads_ = 1;
  tbb::task_arena arena_;
  tbb::task_group group_;
};

}  // namespace histoloom::pyramid
