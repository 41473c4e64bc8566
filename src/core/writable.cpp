#include "histoloom/core/writable.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

// Holds this thread's signals, whose handlers may end the program.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// Makes a file in `directory` and removes it; 0 or an errno value.
int try_with_a_name(const fs::path& directory) {
  const HeldSignals held;
  const fs::path probe = directory / fmt::format(".histoloom-probe-{}", ::getpid());
  const int file = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  ::close(file);
  ::unlink(probe.c_str());
  return 0;
}

// The same by a file without a name, so that no kill can leave it behind.
int try_to_write(const fs::path& directory) {
  const int file = ::open(directory.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
  if (file < 0) {
    const bool no_such_files = errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL;
    return no_such_files ? try_with_a_name(directory) : errno;
  }
  ::close(file);
  return 0;
}

}  // namespace

fs::path directory_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

void require_writable(const fs::path& path, const char* option) {
  const fs::path directory = directory_of(path);
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    throw UserError(fmt::format("{} {}: the directory '{}' does not exist; make it first", option,
                                path.string(), directory.string()));
  if (fs::is_directory(path, ignored))
    throw UserError(
        fmt::format("{} {}: is a directory; give the name of a file", option, path.string()));
  const int refused = try_to_write(directory);
  if (refused != 0)
    throw UserError(fmt::format("{} {}: the directory '{}' can't be written to: {}", option,
                                path.string(), directory.string(), errno_text(refused)));
}

void require_writable_directory(const fs::path& path, const char* option) {
  if (!file_exists(path)) return require_writable(path, option);
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return;
  if (const int refused = try_to_write(path); refused != 0)
    throw UserError(
        fmt::format("{} {}: can't be written to: {}", option, path.string(), errno_text(refused)));
}

}  // namespace histoloom
