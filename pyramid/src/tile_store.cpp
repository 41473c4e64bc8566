#include "tile_store.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {

TileStore::TileStore(Sink& sink, std::uint64_t expected)
    : sink_(sink), expected_(expected), slots_(std::bit_ceil(expected + expected / 2 + 2)) {
  blobs_.reserve(expected);  // untouched pages cost nothing
}

bool TileStore::same(const Blob& blob, const Encoded& piece) {
  if (blob.size != piece.bytes.size() || blob.check != piece.hash >> 32) return false;
  readback_.resize(blob.size);
  sink_.read_at(blob.offset, readback_);
  return readback_ == piece.bytes;
}

BlobId TileStore::add(const Encoded& piece) {
  check_internal(
      !piece.bytes.empty() && piece.bytes.size() <= std::numeric_limits<std::uint32_t>::max(),
      "a tile has no bytes, or too many");
  std::size_t slot = piece.hash & (slots_.size() - 1);
  while (slots_[slot] != 0) {
    if (same(blobs_[slots_[slot] - 1], piece)) return slots_[slot] - 1;
    slot = (slot + 1) & (slots_.size() - 1);
  }
  check_internal(blobs_.size() < expected_, "more tiles came than were expected");
  const Blob blob{end_, static_cast<std::uint32_t>(piece.bytes.size()),
                  static_cast<std::uint32_t>(piece.hash >> 32)};
  append_raw(piece.bytes);
  blobs_.push_back(blob);
  slots_[slot] = static_cast<std::uint32_t>(blobs_.size());
  return slots_[slot] - 1;
}

void TileStore::append_raw(std::span<const std::uint8_t> bytes) {
  sink_.append(bytes);
  end_ += bytes.size();
}

}  // namespace histoloom::pyramid
