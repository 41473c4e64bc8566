// The commit protocol. N is the number of commits so far, which .checksums.json states.
//
//  1. A chunk that leaves memory is written to KEY.new-(N+1), beside its committed file KEY.
//  2. commit() syncs all files KEY.new-(N+1), then the directory.
//  3. .checksums.json, with commit N+1 and the checksum of every chunk, is replaced: written aside,
//     synced, renamed, the directory synced. From here on the commit counts.
//  4. Each KEY.new-(N+1) is renamed to KEY; the directory is synced.
//
// A kill before 3 leaves the old set: load() removes KEY.new-(N+1). A kill after 3 leaves renames
// to be done: load() finds files whose number is the commit's and does them.
#include "chunk_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>
#include <system_error>

#include "histoloom/core/checksum.h"
#include "histoloom/core/disk_full.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/store/start_over.h"

namespace histoloom {

namespace {

using nlohmann::json;

constexpr const char* kChecksums = ".checksums.json";
constexpr std::string_view kAside = ".new-";

const char* cure(int code) {
  switch (code) {
    case EACCES:
    case EPERM:
    case EROFS:
      return "make it writable and resume";
    default:
      return "check the disk and resume";
  }
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* what, int code) {
  const std::string text =
      fmt::format("{}: can't be {}: {}", path.string(), what, errno_text(code));
  // Its cure depends on the job.
  if (is_disk_full(code)) throw DiskFull(text);
  throw UserError(fmt::format("{}; {}", text, cure(code)));
}

// A file descriptor that closes itself.
class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  // Closes; 0 or an errno value, which some file systems keep for this moment.
  int close() {
    const int result = ::close(descriptor_);
    descriptor_ = -1;
    return result == 0 ? 0 : errno;
  }

 private:
  int descriptor_;
};

int write_all(int fd, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t n = ::write(fd, bytes, count);
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) {
      bytes += n;
      count -= static_cast<std::size_t>(n);
    }
  }
  return 0;
}

// Reads up to `count` bytes; how many there were.
std::size_t read_all(int fd, char* bytes, std::size_t count, const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t n = ::read(fd, bytes + done, count - done);
    if (n == 0) break;
    if (n < 0 && errno != EINTR) fail(path, "read", errno);
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  return done;
}

void sync_file(const std::filesystem::path& path, int flags) {
  const File file(path, flags);
  if (file.get() < 0 || fsync(file.get()) != 0) fail(path, "synced", errno);
}

}  // namespace

ChunkFiles::ChunkFiles(std::filesystem::path directory, const ArrayShape& shape,
                       TrafficCounters& traffic, std::string owner)
    : directory_(std::move(directory)),
      shape_(shape),
      traffic_(traffic),
      owner_(std::move(owner)),
      where_(static_cast<std::size_t>(shape.chunks()), Where::nowhere),
      checksum_(static_cast<std::size_t>(shape.chunks()), 0) {}

std::string ChunkFiles::key(std::int64_t chunk) const {
  return fmt::format("0.{}.{}", chunk / shape_.columns(), chunk % shape_.columns());
}

std::filesystem::path ChunkFiles::final_path(std::int64_t chunk) const {
  return directory_ / key(chunk);
}

std::filesystem::path ChunkFiles::aside_path(std::int64_t chunk) const {
  return directory_ / fmt::format("{}{}{}", key(chunk), kAside, commits_ + 1);
}

void ChunkFiles::start() { write_checksums(0); }

void ChunkFiles::load() {
  read_checksums();
  resolve_leftovers();
}

bool ChunkFiles::read(std::int64_t chunk, void* out) {
  const auto i = static_cast<std::size_t>(chunk);
  if (where_[i] == Where::nowhere) return false;
  const std::filesystem::path path =
      where_[i] == Where::aside ? aside_path(chunk) : final_path(chunk);
  const File file(path, O_RDONLY);
  if (file.get() < 0) {
    if (errno != ENOENT) fail(path, "read", errno);
    throw UserError(
        fmt::format("{}: this committed chunk is missing; {}", path.string(), kStartOver));
  }
  const std::size_t found =
      read_all(file.get(), static_cast<char*>(out), shape_.chunk_bytes(), path);
  traffic_.bytes_read += found;
  if (found != shape_.chunk_bytes()) {
    throw UserError(fmt::format("{}: this chunk has {} bytes where {} belong; {}", path.string(),
                                found, shape_.chunk_bytes(), kStartOver));
  }
  if (where_[i] == Where::committed) {
    const std::uint32_t sum = checksum_of({static_cast<const char*>(out), found});
    if (sum != checksum_[i]) {
      throw UserError(fmt::format(
          "{}: this chunk is damaged: its checksum is {:08x} where {:08x} was committed; {}",
          path.string(), sum, checksum_[i], kStartOver));
    }
    where_[i] = Where::checked;
  }
  return true;
}

void ChunkFiles::write(std::int64_t chunk, const void* bytes) {
  const std::filesystem::path path = aside_path(chunk);
  File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) fail(path, "written", errno);
  int code = write_all(file.get(), static_cast<const char*>(bytes), shape_.chunk_bytes());
  const int closed = file.close();
  if (code == 0) code = closed;
  if (code != 0) {
    ::unlink(path.c_str());
    fail(path, "written", code);
  }
  const auto i = static_cast<std::size_t>(chunk);
  where_[i] = Where::aside;
  checksum_[i] = checksum_of({static_cast<const char*>(bytes), shape_.chunk_bytes()});
  traffic_.bytes_written += shape_.chunk_bytes();
}

std::vector<std::int64_t> ChunkFiles::chunks_aside() const {
  std::vector<std::int64_t> chunks;
  for (std::size_t i = 0; i < where_.size(); ++i) {
    if (where_[i] == Where::aside) chunks.push_back(static_cast<std::int64_t>(i));
  }
  return chunks;
}

void ChunkFiles::commit() {
  const std::vector<std::int64_t> chunks = chunks_aside();
  if (chunks.empty()) return;

  // Everything reaches the disk before the list that vouches for it.
  tbb::parallel_for(std::size_t{0}, chunks.size(),
                    [&](std::size_t i) { sync_file(aside_path(chunks[i]), O_RDONLY); });
  sync_directory();
  write_checksums(commits_ + 1);

  for (const std::int64_t chunk : chunks) {
    if (::rename(aside_path(chunk).c_str(), final_path(chunk).c_str()) != 0) {
      fail(final_path(chunk), "replaced", errno);
    }
    where_[static_cast<std::size_t>(chunk)] = Where::checked;
  }
  ++commits_;
  sync_directory();
}

void ChunkFiles::discard() noexcept {
  for (std::int64_t chunk = 0; chunk < shape_.chunks(); ++chunk) {
    if (where_[static_cast<std::size_t>(chunk)] == Where::aside) {
      ::unlink(aside_path(chunk).c_str());
    }
  }
}

void ChunkFiles::write_checksums(std::uint64_t commit) const {
  json sums = json::object();
  for (std::int64_t chunk = 0; chunk < shape_.chunks(); ++chunk) {
    const auto i = static_cast<std::size_t>(chunk);
    if (where_[i] != Where::nowhere) sums[key(chunk)] = checksum_[i];
  }
  json root{{"commit", commit}, {"crc32", sums}};
  if (!owner_.empty()) root["owner"] = owner_;
  replace_file(directory_ / kChecksums, root.dump(1) + "\n");
}

void ChunkFiles::read_checksums() {
  const std::filesystem::path path = directory_ / kChecksums;
  const auto refuse = [&](const std::string& what) {
    throw UserError(fmt::format("{}: {}; {}", path.string(), what, kStartOver));
  };
  if (!file_exists(path)) refuse("is missing");
  const json root = json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || !root.contains("commit") || !root["commit"].is_number_unsigned() ||
      !root.contains("crc32") || !root["crc32"].is_object()) {
    refuse("is not a list of checksums");
  }
  if (root.value("owner", json("")) != owner_) refuse("is of another job, or of another array");
  commits_ = root["commit"].get<std::uint64_t>();
  std::size_t known = 0;
  for (std::int64_t chunk = 0; chunk < shape_.chunks(); ++chunk) {
    const auto at = root["crc32"].find(key(chunk));
    if (at == root["crc32"].end()) continue;
    if (!at->is_number_unsigned() || *at > 0xffffffffu) {
      refuse(fmt::format("the checksum of {} is {}", key(chunk), at->dump()));
    }
    where_[static_cast<std::size_t>(chunk)] = Where::committed;
    checksum_[static_cast<std::size_t>(chunk)] = at->get<std::uint32_t>();
    ++known;
  }
  if (known != root["crc32"].size()) refuse("it lists chunks that the array does not have");
}

void ChunkFiles::resolve_leftovers() {
  std::error_code code;
  std::vector<std::filesystem::path> leftovers;
  for (std::filesystem::directory_iterator at(directory_, code), end; !code && at != end;
       at.increment(code)) {
    if (at->path().filename().string().find(kAside) != std::string::npos) {
      leftovers.push_back(at->path());
    }
  }
  if (code) fail(directory_, "listed", code.value());
  for (const std::filesystem::path& path : leftovers) {
    const std::string name = path.filename().string();
    const std::size_t split = name.find(kAside);
    std::uint64_t number = 0;
    std::from_chars(name.data() + split + kAside.size(), name.data() + name.size(), number);
    const bool counts = number == commits_;
    const int result = counts ? ::rename(path.c_str(), (directory_ / name.substr(0, split)).c_str())
                              : ::unlink(path.c_str());
    if (result != 0) fail(path, counts ? "renamed" : "removed", errno);
  }
  if (!leftovers.empty()) sync_directory();
}

void ChunkFiles::sync_directory() const { sync_file(directory_, O_RDONLY | O_DIRECTORY); }

}  // namespace histoloom
