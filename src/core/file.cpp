#include "histoloom/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what, int code) {
  throw UserError(fmt::format("{}: can't be {}: {}", path.string(), what, errno_text(code)));
}

// Writes and syncs `fd`; 0 or an errno value.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

bool file_exists(const std::filesystem::path& path) {
  std::error_code code;
  const auto type = std::filesystem::status(path, code).type();
  // A dangling link is in the way too.
  if (type == std::filesystem::file_type::not_found) return std::filesystem::is_symlink(path, code);
  if (code)
    throw UserError(fmt::format("{}: can't be looked at: {}", path.string(), code.message()));
  return true;
}

std::string read_file(const std::filesystem::path& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) fail(path, "read", EISDIR);
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path, "read", errno);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) fail(path, "read", EIO);
  return bytes;
}

void replace_file(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path aside = path.string() + ".tmp";
  const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail(path, "written", errno);
  int code = write_all(fd, bytes);
  if (::close(fd) != 0 && code == 0) code = errno;
  if (code == 0 && ::rename(aside.c_str(), path.c_str()) != 0) code = errno;
  if (code != 0) {
    ::unlink(aside.c_str());
    fail(path, "written", code);
  }
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  const int dir = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir >= 0) {
    fsync(dir);
    ::close(dir);
  }
}

}  // namespace histoloom
