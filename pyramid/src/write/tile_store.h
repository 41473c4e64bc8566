// What has been stored, so that equal tiles are stored once.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "checkpoint_file.h"
#include "histoloom/pyramid/sink.h"
#include "tile_encoder.h"

namespace histoloom::pyramid {

// Index of a stored piece of bytes: a tile or a strip.
using BlobId = std::uint32_t;

// Appends pieces to a sink. Memory: 16 bytes a distinct piece and 6 to 12 of hash table a tile
// expected. One thread at a time; end() may be asked by any.
class TileStore {
 public:
  // `sink` outlives the store. `expected` pieces are made room for.
  TileStore(Sink& sink, std::uint64_t expected);

  // Stores `piece`, or finds its equal, which is compared byte for byte.
  BlobId add(const Encoded& piece);

  // Appends bytes that are no piece.
  void append_raw(std::span<const std::uint8_t> bytes);

  // Puts down every piece so far, 8 bytes each; they must follow each other from `first` on.
  void save(CheckpointOut& out, std::uint64_t first) const;
  // Takes the pieces over from a sink that has found `found` bytes, and reads each to see that it
  // is what was stored; else false, and the store is as empty as before.
  bool restore(CheckpointIn& in, std::uint64_t first, std::uint64_t found);

  std::uint64_t offset_of(BlobId id) const { return blobs_[id].offset; }
  std::uint64_t size_of(BlobId id) const { return blobs_[id].size; }
  std::size_t count() const { return blobs_.size(); }
  std::uint64_t end() const { return end_; }  // where the next byte goes

 private:
  struct Blob {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t check = 0;  // half of the hash; the other half chose the slot
  };
  bool same(const Blob& blob, const Encoded& piece);
  // The slot of a piece's equal, or the free one where it belongs.
  template <class Same>
  std::size_t slot_for(std::uint64_t hash, Same&& same) const;
  void append_blob(const Blob& blob, std::size_t slot);
  void clear();

  Sink& sink_;
  const std::uint64_t expected_;
  std::atomic<std::uint64_t> end_ = 0;
  std::vector<Blob> blobs_;
  std::vector<std::uint32_t> slots_;  // open addressing: index of a blob plus 1, or 0
  std::vector<std::uint8_t> readback_;
};

}  // namespace histoloom::pyramid
