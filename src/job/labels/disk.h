// Whether the disks have room for a job, asked before it starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace histoloom {

struct Disk {
  std::uint64_t id = 0;         // the same for paths on one disk
  std::uint64_t available = 0;  // bytes, to this user
};

// The disk of a directory; nothing where the system doesn't tell.
std::optional<Disk> disk_of(const std::filesystem::path& directory);

// The directory that `path` lies in, or the first above it that is there.
std::filesystem::path existing_directory(std::filesystem::path path);

// Something that will grow to `bytes`, of which some may be there already.
struct DiskNeed {
  std::string what;             // "the slide"
  std::filesystem::path where;  // a directory on its disk
  std::uint64_t bytes = 0;
  std::uint64_t there = 0;
  const char* option = nullptr;  // that chooses another disk
};

// \error UserError that names things, directory, bytes and cure where a disk has not the room for
// everything that is to grow on it.
void require_space(
    const std::vector<DiskNeed>& needs,
    const std::function<std::optional<Disk>(const std::filesystem::path&)>& disk = disk_of);

// Bytes of a file, or of all files below a directory; 0 where there is none.
std::uint64_t bytes_at(const std::filesystem::path& path);

}  // namespace histoloom
