// A file's bytes, mapped into memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace histoloom {

class MappedFile {
 public:
  // Maps the file. UserError names the path and the cause.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  // Throws UserError if the file is shorter by now: its last pages can't be touched any more.
  void require_whole() const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  const std::uint8_t* data_ = nullptr;  // first byte; null if the file is empty
  std::size_t size_ = 0;
};

}  // namespace histoloom
