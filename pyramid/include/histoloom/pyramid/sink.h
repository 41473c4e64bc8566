// Where a writer's bytes go: handed in, so that a test can fail the nth write.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {

// The disk is full. The writer catches it to add how many bytes the file will need.
class DiskFull : public UserError {
 public:
  using UserError::UserError;
};

// A file that is appended to, patched once and then committed. One thread at a time.
// \error every function but discard() throws UserError with the path and the system's text.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void append(std::span<const std::uint8_t> bytes) = 0;
  // Reads back what was appended, buffered or not.
  virtual void read_at(std::uint64_t offset, std::span<std::uint8_t> bytes) = 0;
  // Overwrites what was appended.
  virtual void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;
  // Makes the file appear under its name, whole and on disk.
  virtual void commit() = 0;
  // Leaves nothing behind, unless committed.
  virtual void discard() noexcept = 0;
};

// The system calls that decide whether a file comes to be, each as in its manual page.
struct FileCalls {
  std::function<ssize_t(int, const void*, std::size_t, off_t)> pwrite;
  std::function<int(int)> fsync;
  std::function<int(const char*, const char*)> rename;
};
// Those of the operating system.
FileCalls system_calls();

// A hidden file ".NAME.partial" beside `path`, which commit() syncs and renames to `path` (an older
// file there is replaced). A partial file that a killed run left is overwritten; one that another
// process is writing is an error. Destroying the sink discards what was not committed.
std::unique_ptr<Sink> open_file_sink(const std::filesystem::path& path,
                                     FileCalls calls = system_calls());

// The name of the partial file for `path`.
std::filesystem::path partial_path(const std::filesystem::path& path);

}  // namespace histoloom::pyramid
