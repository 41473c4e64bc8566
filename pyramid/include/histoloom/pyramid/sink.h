// Where a writer's bytes go: handed in, so that a test can fail the nth write.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "histoloom/core/disk_full.h"
#include "histoloom/core/error.h"

namespace histoloom::pyramid {

// The disk of the file that is written is full. The writer catches it to add how many bytes the
// file will need.
class DiskFull : public histoloom::DiskFull {
 public:
  using histoloom::DiskFull::DiskFull;
};

// A file that is appended to, patched once and then committed. One thread at a time.
// \error UserError with the path, the system's text and its code, from every function that is not
// noexcept.
class Sink {
 public:
  virtual ~Sink() = default;
  // Bytes that an earlier run left when it was killed or suspended; cut() says how many stay.
  virtual std::uint64_t found() = 0;
  // Drops everything from `size` on; what is appended next goes there. Comes first.
  virtual void cut(std::uint64_t size) = 0;
  virtual void append(std::span<const std::uint8_t> bytes) = 0;
  // Reads back what was appended, buffered or not.
  virtual void read_at(std::uint64_t offset, std::span<std::uint8_t> bytes) = 0;
  // Overwrites what was appended.
  virtual void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;
  // Brings all that was appended to the disk.
  virtual void sync() = 0;
  // Makes the file appear under its name, whole and on disk.
  virtual void commit() = 0;
  // Leaves what was synced for a later run to find.
  virtual void suspend() noexcept = 0;
  // Leaves nothing behind, unless committed.
  virtual void discard() noexcept = 0;
};

// The system calls that decide whether a file comes to be, each as in its manual page.
struct FileCalls {
  std::function<ssize_t(int, const void*, std::size_t, off_t)> pwrite;
  std::function<int(int)> fsync;
  std::function<int(const char*, const char*)> rename;
};
// The operating system's own calls.
FileCalls system_calls();

// A hidden file ".NAME.partial" next to `path`, which commit() syncs and renames to `path` (an
// older file there is replaced). A partial file that another process is writing is an error.
// Destroying the sink discards what was neither committed nor suspended.
std::unique_ptr<Sink> open_file_sink(const std::filesystem::path& path,
                                     FileCalls calls = system_calls());

// The name of the partial file for `path`.
std::filesystem::path partial_path(const std::filesystem::path& path);

}  // namespace histoloom::pyramid
