// The protocol of a file that is either whole or absent:
//   1. open ".NAME.partial" beside the target and lock it, then truncate it;
//   2. append (through a buffer), patch the header;
//   3. flush, fsync the file;
//   4. rename it to its name;
//   5. fsync the directory.
// Whatever fails before 4 removes the partial file; a killed process leaves it, and the next one
// overwrites it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "histoloom/core/byte_size.h"
#include "histoloom/pyramid/sink.h"

namespace histoloom::pyramid {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 20;

class FileSink final : public Sink {
 public:
  FileSink(const std::filesystem::path& path, FileCalls calls);
  ~FileSink() override { discard(); }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  void append(std::span<const std::uint8_t> bytes) override;
  void read_at(std::uint64_t offset, std::span<std::uint8_t> bytes) override;
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override;
  void commit() override;
  void discard() noexcept override;

 private:
  [[noreturn]] void fail(std::string_view doing, int code) const;
  void flush();
  void write_all(std::uint64_t offset, std::span<const std::uint8_t> bytes);

  const FileCalls calls_;
  std::filesystem::path path_;
  std::filesystem::path partial_;
  int fd_ = -1;
  std::uint64_t flushed_ = 0;
  std::vector<std::uint8_t> buffer_;
};

FileSink::FileSink(const std::filesystem::path& path, FileCalls calls)
    : calls_(std::move(calls)), path_(path), partial_(partial_path(path)) {
  const int fd = ::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) fail("creating", errno);
  fd_ = fd;
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd_);
    fd_ = -1;
    throw UserError(fmt::format("{}: another process is writing it ({} is locked)", path_.string(),
                                partial_.string()));
  }
  if (::ftruncate(fd_, 0) != 0) {
    const int code = errno;
    discard();
    fail("creating", code);
  }
  buffer_.reserve(kBuffer);
}

void FileSink::fail(std::string_view doing, int code) const {
  const std::string text = fmt::format("{} {}: {}", doing, path_.string(), errno_text(code));
  if (code == ENOSPC || code == EDQUOT) {
    throw DiskFull(fmt::format("{} after {}", text, format_byte_size(flushed_)));
  }
  throw UserError(text);
}

void FileSink::write_all(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = calls_.pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("writing", errno);
    if (n == 0) fail("writing", EIO);
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void FileSink::flush() {
  write_all(flushed_, buffer_);
  flushed_ += buffer_.size();
  buffer_.clear();
}

void FileSink::append(std::span<const std::uint8_t> bytes) {
  if (buffer_.size() + bytes.size() > kBuffer) flush();
  if (bytes.size() >= kBuffer) {
    write_all(flushed_, bytes);
    flushed_ += bytes.size();
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
}

void FileSink::read_at(std::uint64_t offset, std::span<std::uint8_t> bytes) {
  if (offset + bytes.size() > flushed_) flush();
  while (!bytes.empty()) {
    const ssize_t n = ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("reading back", errno);
    if (n == 0) fail("reading back", EIO);
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void FileSink::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  flush();
  write_all(offset, bytes);
}

void FileSink::commit() {
  flush();
  if (calls_.fsync(fd_) != 0) fail("writing", errno);
  if (calls_.rename(partial_.c_str(), path_.c_str()) != 0) fail("renaming the finished", errno);
  ::close(std::exchange(fd_, -1));  // all is on disk, so that an error here means nothing
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    calls_.fsync(directory);  // best effort: some file systems refuse it
    ::close(directory);
  }
}

void FileSink::discard() noexcept {
  if (fd_ < 0) return;
  ::unlink(partial_.c_str());
  ::close(std::exchange(fd_, -1));
}

}  // namespace

std::filesystem::path partial_path(const std::filesystem::path& path) {
  return path.parent_path() / ("." + path.filename().string() + ".partial");
}

FileCalls system_calls() {
  return {[](int fd, const void* bytes, std::size_t count, off_t offset) {
            return ::pwrite(fd, bytes, count, offset);
          },
          [](int fd) { return ::fsync(fd); },
          [](const char* from, const char* to) { return std::rename(from, to); }};
}

std::unique_ptr<Sink> open_file_sink(const std::filesystem::path& path, FileCalls calls) {
  return std::make_unique<FileSink>(path, std::move(calls));
}

}  // namespace histoloom::pyramid
