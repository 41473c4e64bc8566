#include "histoloom/weights/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw UserError(fmt::format("{}: {}", path.string(), what));
}

struct stat status_of(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) fail(path, "can't be read: " + errno_text(errno));
  return status;
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) fail(path, "can't be opened: " + errno_text(errno));
  try {
    const struct stat status = status_of(descriptor_, path);
    if (!S_ISREG(status.st_mode)) fail(path, "is not a regular file");
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ == 0) return;
    void* mapped = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
    if (mapped == MAP_FAILED) fail(path, "can't be mapped: " + errno_text(errno));
    data_ = static_cast<const std::uint8_t*>(mapped);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::uint8_t*>(data_), size_);
  ::close(descriptor_);
}

void MappedFile::require_whole() const {
  const auto now = static_cast<std::uint64_t>(status_of(descriptor_, path_).st_size);
  if (now < size_)
    fail(path_, fmt::format("shrank from {} to {} bytes while it was read", size_, now));
}

}  // namespace histoloom
