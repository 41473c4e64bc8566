// Locks that keep a second process out, and that die with the process that has them.
#pragma once

#include <filesystem>
#include <optional>

namespace histoloom {

// Locks an open file or directory for this descriptor until the descriptor is closed, at the
// latest when the process ends, however it ends. False if another descriptor holds the lock. A file
// system without locks keeps nobody out.
bool try_lock(int descriptor) noexcept;

// A file that is there to be locked. The file stays when the lock ends, unless its owner removes it
// while the lock is held.
class FileLock {
 public:
  // Makes the file if there is none. Gives nothing if another lock is held on the file.
  // \error UserError with the path and the cause if the file can't be opened.
  static std::optional<FileLock> take(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace histoloom
