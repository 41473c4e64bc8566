// Locks that keep a second process out, and that die with the process that has them.
#pragma once

#include <filesystem>
#include <optional>

namespace histoloom {

// Locks an open file or directory for this descriptor, until it is closed, as the end of the
// process does however it comes. False where another descriptor has it locked. A file system
// without locks keeps nobody out.
bool try_lock(int descriptor) noexcept;

// A file that is there to be locked. It stays when the lock ends, unless its owner removes it while
// the lock is held.
class FileLock {
 public:
  // Makes the file where there is none. Nothing where another lock is held on it. \error UserError
  // with the path and the cause where it can't be opened.
  static std::optional<FileLock> take(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace histoloom
