// Which weights files were found as model.json states them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

namespace histoloom {

// What tells one state of a file from the next without reading it.
struct FileState {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  // of the last change

  // Nothing if the file can't be looked at.
  static std::optional<FileState> of(const std::filesystem::path& file);
  bool operator==(const FileState&) const = default;
};

// Any thread may call.
class CheckedWeights {
 public:
  bool contains(const std::filesystem::path& file, const FileState& state) const;
  void add(const std::filesystem::path& file, const FileState& state);

 private:
  mutable std::mutex mutex_;
  std::map<std::filesystem::path, FileState> states_;
};

}  // namespace histoloom
