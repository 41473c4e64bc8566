#include "histoloom/core/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

// Where a file system gives a file another number each time, no comparison ever holds.
constexpr int kMostTries = 10;

// Whether `file` is still what was opened: its owner may have removed it before it was locked here.
bool is_same_file(int descriptor, const std::filesystem::path& file) noexcept {
  struct stat opened = {};
  struct stat named = {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(file.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

bool try_lock(int descriptor) noexcept {
  return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

std::optional<FileLock> FileLock::take(const std::filesystem::path& file) {
  for (int tries = 1;; ++tries) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0)
      throw UserError(fmt::format("{}: can't be locked: {}", file.string(), errno_text(errno)));
    FileLock lock(descriptor);
    if (!try_lock(descriptor)) return std::nullopt;
    if (is_same_file(descriptor, file) || tries == kMostTries) return lock;
  }
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace histoloom
