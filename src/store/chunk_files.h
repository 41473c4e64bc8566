// The chunks of one array on disk: written aside, committed as a set.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "zarr_header.h"

namespace histoloom {

struct TrafficCounters {
  std::atomic<std::uint64_t> bytes_read = 0;
  std::atomic<std::uint64_t> bytes_written = 0;
};

// Calls for different chunks may come from different threads at once; calls for one chunk, and
// commit(), one at a time. UserError names the file, the cause and the cure.
class ChunkFiles {
 public:
  // For a directory that holds .zarray; start() or load() comes next. `owner`: text that the list of
  // checksums states, and that load() asks for.
  ChunkFiles(std::filesystem::path directory, const ArrayShape& shape, TrafficCounters& traffic,
             std::string owner);

  // Writes an empty list of checksums.
  void start();
  // Reads the checksums; finishes a commit that was cut short after it counted, and removes what
  // belongs to none.
  void load();

  // Copies the latest bytes of a chunk to `out`; false where it was never written. The first read
  // of a committed chunk checks its checksum.
  bool read(std::int64_t chunk, void* out);
  // Writes a chunk aside.
  void write(std::int64_t chunk, const void* bytes);
  // Makes all that was written aside permanent.
  void commit();
  // Removes all that was written aside and not committed.
  void discard() noexcept;

  const ArrayShape& shape() const { return shape_; }

 private:
  enum class Where : std::uint8_t { nowhere, committed, checked, aside };

  std::string key(std::int64_t chunk) const;
  std::filesystem::path final_path(std::int64_t chunk) const;
  std::filesystem::path aside_path(std::int64_t chunk) const;
  std::vector<std::int64_t> chunks_aside() const;
  void write_checksums(std::uint64_t commit) const;
  void read_checksums();
  void resolve_leftovers();
  void sync_directory() const;

  std::filesystem::path directory_;
  ArrayShape shape_;
  TrafficCounters& traffic_;
  const std::string owner_;
  std::uint64_t commits_ = 0;
  std::vector<Where> where_;             // by chunk
  std::vector<std::uint32_t> checksum_;  // CRC-32 of the latest bytes, by chunk
};

}  // namespace histoloom
