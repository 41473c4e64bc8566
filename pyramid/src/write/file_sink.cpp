// The protocol of a file that is either whole or absent:
//   1. open ".NAME.partial" beside the target and lock it;
//   2. cut it to what a checkpoint vouches for, or to nothing;
//   3. append (through a buffer), patch the header;
//   4. flush, fsync the file;
//   5. rename it to its name;
//   6. fsync the directory.
// Whatever fails before 5 removes the partial file, unless it is suspended; a killed process leaves
// it for the next one to cut.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "histoloom/core/byte_size.h"
#include "histoloom/core/file_lock.h"
#include "histoloom/core/sync.h"
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

  std::uint64_t found() override;
  void cut(std::uint64_t size) override;
  void append(std::span<const std::uint8_t> bytes) override;
  void read_at(std::uint64_t offset, std::span<std::uint8_t> bytes) override;
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override;
  void sync() override;
  void commit() override;
  void suspend() noexcept override;
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
  if (!try_lock(fd_)) {
    ::close(fd_);
    fd_ = -1;
    throw UserError(fmt::format("{}: another process is writing it ({} is locked)", path_.string(),
                                partial_.string()),
                    ErrorCode::in_use);
  }
  buffer_.reserve(kBuffer);
}

std::uint64_t FileSink::found() {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) fail("creating", errno);
  return static_cast<std::uint64_t>(status.st_size);
}

void FileSink::cut(std::uint64_t size) {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) fail("creating", errno);
  flushed_ = size;
}

void FileSink::fail(std::string_view doing, int code) const {
  const std::string text = fmt::format("{} {}: {}", doing, path_.string(), errno_text(code));
  if (is_disk_full(code)) {
    throw DiskFull(fmt::format("{} after {}", text, format_byte_size(flushed_)));
  }
  throw UserError(text, error_code_of(code));
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

void FileSink::sync() {
  flush();
  if (calls_.fsync(fd_) != 0) fail("writing", errno);
}

void FileSink::commit() {
  sync();
  if (calls_.rename(partial_.c_str(), path_.c_str()) != 0) fail("renaming the finished", errno);
  ::close(std::exchange(fd_, -1));  // all is on disk, so that an error here means nothing
  sync_parent_directory(path_, calls_.fsync);
}

void FileSink::suspend() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
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
