// Latent fields on disk.
//
// A LatentArray is a Zarr v2 array [channels, height, width], and `zarr.open` of Python reads what
// was committed:
//   values   float16 or float32, uncompressed, fill_value NaN
//   chunks   all channels × side × side cells, dimension separator "."
//   side     the largest multiple of 16 that keeps a chunk within 512 KiB, but no longer than the
//            field
//
// Example: 8 channels in float16, 512 × 512 cells (a slide of 4096 × 4096 px at a factor of 8).
// Chunks are 8 × 176 × 176, 484 KiB each, a grid of 3 × 3. Edge chunks are stored whole and padded
// with NaN.
//
// In memory: at most the cache's budget of chunks. On disk: the array. Rectangles are read and
// written through the cache. Dirty chunks reach the disk when they are evicted or at commit(), and
// lie beside the committed ones until the commit counts. So whenever a run is killed, open() finds
// what the last commit() left, all of it and nothing later.
//
// Any thread may call read() and write(), but concurrent writes must go to disjoint cells. commit()
// and the destructor must have the array to themselves. Arrays that share a cache may do all of
// this side by side. UserErrors name the file, what was found and the cure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "histoloom/core/geometry.h"

namespace histoloom {

enum class StoreType { float16, float32 };

// Counts of bytes that crossed between memory and disk; summed over every array of a cache.
struct StoreTraffic {
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
};

// Chunks in memory, shared by the arrays of a job; evicts the least recently used ones.
class ChunkCache {
 public:
  // Makes a cache of `budget` bytes. At least one chunk a calling thread is always held.
  explicit ChunkCache(std::uint64_t budget);
  ~ChunkCache();
  ChunkCache(const ChunkCache&) = delete;
  ChunkCache& operator=(const ChunkCache&) = delete;

  StoreTraffic traffic() const;

 private:
  friend class LatentArray;
  struct State;
  std::shared_ptr<State> state_;
};

class LatentArray {
 public:
  // Makes the directory `path` with .zarray and no chunks; UserError if it exists or can't be made.
  // The directory above must exist. `owner`: text that open() asks for.
  static LatentArray create(const std::filesystem::path& path, int channels, LatentSize size,
                            StoreType type, ChunkCache& cache, std::string owner = {});
  // Opens what create() made for the same owner; UserError names what does not fit. Every chunk that
  // was committed is checked against its checksum when it is first read.
  static LatentArray open(const std::filesystem::path& path, ChunkCache& cache,
                          std::string owner = {});

  LatentArray(LatentArray&&) noexcept;
  LatentArray& operator=(LatentArray&&) noexcept;
  ~LatentArray();  // discards what was not committed

  int channels() const;
  LatentSize size() const;
  // Cells of a chunk each way: who reads or writes rows of a wide rectangle goes chunk by chunk.
  std::int64_t chunk_side() const;
  StoreType type() const;

  // Copies the cells of `rect`, which lies inside the array, to `out`: channels × height × width
  // floats, contiguous. Cells never written are NaN.
  void read(const LatentRect& rect, float* out) const;
  // Stores channels × height × width floats; float16 rounds to nearest even.
  void write(const LatentRect& rect, const float* in);
  // Makes everything written so far permanent, at once: syncs the chunks, then replaces the list of
  // checksums. After an error the set that was committed before can still be opened. A full disk
  // can be cleared and commit() called again.
  void commit();

 private:
  struct State;
  explicit LatentArray(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Bytes that an array of this shape takes on disk, padding of edge chunks included.
std::uint64_t latent_array_bytes(int channels, LatentSize size, StoreType type);

}  // namespace histoloom
