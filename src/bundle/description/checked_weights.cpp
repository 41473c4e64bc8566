#include "checked_weights.h"

#include <sys/stat.h>

namespace histoloom {

std::optional<FileState> FileState::of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return FileState{
      static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
      static_cast<std::int64_t>(status.st_size), static_cast<std::int64_t>(status.st_ctim.tv_sec),
      static_cast<std::int64_t>(status.st_ctim.tv_nsec)};
}

bool CheckedWeights::contains(const std::filesystem::path& file, const FileState& state) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(file);
  return found != states_.end() && found->second == state;
}

void CheckedWeights::add(const std::filesystem::path& file, const FileState& state) {
  const std::lock_guard lock(mutex_);
  states_[file] = state;
}

}  // namespace histoloom
