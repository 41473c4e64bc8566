#include "histoloom/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "histoloom/core/ascii.h"
#include "histoloom/core/disk_full.h"
#include "histoloom/core/error.h"
#include "histoloom/core/sync.h"

namespace histoloom {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what, int code) {
  const std::string text =
      fmt::format("{}: can't be {}: {}", path.string(), what, errno_text(code));
  if (is_disk_full(code)) throw DiskFull(text);
  throw UserError(text, error_code_of(code));
}

constexpr std::size_t kBuffer = 1 << 20;

// 0 or an errno value.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace

bool is_disk_full(int code) { return error_code_of(code) == ErrorCode::disk_full; }

bool file_exists(const std::filesystem::path& path) {
  std::error_code code;
  const auto type = std::filesystem::status(path, code).type();
  // A dangling link is in the way too.
  if (type == std::filesystem::file_type::not_found) return std::filesystem::is_symlink(path, code);
  if (code)
    throw UserError(fmt::format("{}: can't be looked at: {}", path.string(), code.message()));
  return true;
}

std::filesystem::path meant_by(const std::filesystem::path& path) {
  std::error_code code;
  const auto full = std::filesystem::weakly_canonical(std::filesystem::absolute(path, code), code);
  const std::filesystem::path out = code ? path.lexically_normal() : full;
  return out.has_filename() ? out : out.parent_path();
}

std::vector<std::filesystem::path> files_with_endings(const std::filesystem::path& folder,
                                                      std::span<const std::string_view> endings) {
  std::error_code code;
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    if (std::find(endings.begin(), endings.end(), ending_of(entry.path())) != endings.end())
      out.push_back(entry.path());
  }
  if (code)
    throw UserError(fmt::format("{}: can't be listed: {}", folder.string(), code.message()));
  std::sort(out.begin(), out.end());
  return out;
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

FileReplacement::FileReplacement(std::filesystem::path path)
    : path_(std::move(path)), aside_(path_.string() + ".tmp") {
  fd_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) fail(path_, "written", errno);
}

FileReplacement::~FileReplacement() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(aside_.c_str());
}

void FileReplacement::give_up(int code) {
  ::unlink(aside_.c_str());
  fail(path_, "written", code);
}

void FileReplacement::flush() {
  if (const int code = write_all(fd_, buffer_); code != 0) give_up(code);
  buffer_.clear();
}

void FileReplacement::write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBuffer) flush();
}

void FileReplacement::commit() {
  flush();
  int code = fsync(fd_) == 0 ? 0 : errno;
  if (::close(std::exchange(fd_, -1)) != 0 && code == 0) code = errno;
  if (code == 0 && ::rename(aside_.c_str(), path_.c_str()) != 0) code = errno;
  if (code != 0) give_up(code);
  sync_parent_directory(path_);
}

void replace_file(const std::filesystem::path& path, std::string_view bytes) {
  FileReplacement file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace histoloom
