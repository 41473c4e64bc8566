#include "tile_store.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "hash.h"
#include "histoloom/core/error.h"

namespace histoloom::pyramid {
namespace {

// What tells a piece in a checkpoint: its place follows from those before it.
struct SavedPiece {
  std::uint32_t size = 0;
  std::uint32_t check = 0;
};

// The hash's upper half; its lower half chooses the slot.
std::uint32_t check_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

TileStore::TileStore(Sink& sink, std::uint64_t expected)
    : sink_(sink), expected_(expected), slots_(std::bit_ceil(expected + expected / 2 + 2)) {
  blobs_.reserve(expected);  // untouched pages cost nothing
}

bool TileStore::same(const Blob& blob, const Encoded& piece) {
  if (blob.size != piece.bytes.size() || blob.check != check_of(piece.hash)) return false;
  readback_.resize(blob.size);
  sink_.read_at(blob.offset, readback_);
  return readback_ == piece.bytes;
}

template <class Same>
std::size_t TileStore::slot_for(std::uint64_t hash, Same&& same) const {
  std::size_t slot = hash & (slots_.size() - 1);
  while (slots_[slot] != 0 && !same(blobs_[slots_[slot] - 1])) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

BlobId TileStore::add(const Encoded& piece) {
  check_internal(
      !piece.bytes.empty() && piece.bytes.size() <= std::numeric_limits<std::uint32_t>::max(),
      "a tile has no bytes, or too many");
  const std::size_t slot =
      slot_for(piece.hash, [&](const Blob& blob) { return same(blob, piece); });
  if (slots_[slot] == 0) {
    const Blob blob{end_, static_cast<std::uint32_t>(piece.bytes.size()), check_of(piece.hash)};
    append_raw(piece.bytes);
    append_blob(blob, slot);
  }
  return slots_[slot] - 1;
}

void TileStore::append_blob(const Blob& blob, std::size_t slot) {
  check_internal(blobs_.size() < expected_, "more tiles came than were expected");
  blobs_.push_back(blob);
  slots_[slot] = static_cast<std::uint32_t>(blobs_.size());
}

void TileStore::save(CheckpointOut& out, std::uint64_t first) const {
  std::vector<SavedPiece> pieces;
  pieces.reserve(blobs_.size());
  for (const Blob& blob : blobs_) {
    check_internal(blob.offset == first, "pieces don't follow each other");
    first += blob.size;
    pieces.push_back({blob.size, blob.check});
  }
  out.put(static_cast<std::uint64_t>(pieces.size()));
  out.put_all(std::span<const SavedPiece>(pieces));
}

bool TileStore::restore(CheckpointIn& in, std::uint64_t first, std::uint64_t found) {
  std::vector<SavedPiece> pieces(in.get_count(expected_));
  in.get_all(std::span(pieces));
  end_ = first;
  for (const SavedPiece& piece : pieces) {
    const std::uint64_t offset = end_;
    readback_.resize(piece.size);
    const bool there = offset + piece.size <= found;
    if (there) sink_.read_at(offset, readback_);
    const std::uint64_t hash = hash_of(readback_);
    if (!there || check_of(hash) != piece.check) {
      clear();
      return false;
    }
    // Stored pieces differ from each other, so that each finds a free slot.
    append_blob({offset, piece.size, piece.check},
                slot_for(hash, [](const Blob&) { return false; }));
    end_ += piece.size;
  }
  return true;
}

void TileStore::clear() {
  end_ = 0;
  blobs_.clear();
  std::fill(slots_.begin(), slots_.end(), 0);
}
void TileStore::append_raw(std::span<const std::uint8_t> bytes) {
  sink_.append(bytes);
  end_ += bytes.size();
}

}  // namespace histoloom::pyramid
