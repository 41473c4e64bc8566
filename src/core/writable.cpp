#include "histoloom/core/writable.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

// Makes a file in `directory` and removes it; 0 or an errno value.
int try_to_write(const fs::path& directory) {
  const fs::path probe = directory / fmt::format(".histoloom-probe-{}", ::getpid());
  errno = 0;
  std::ofstream out(probe);
  const int refused = out.is_open() ? 0 : errno;
  out.close();
  std::error_code ignored;
  if (refused == 0) fs::remove(probe, ignored);
  return refused;
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
