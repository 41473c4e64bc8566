// What tells a file that was written whole from any other under the same name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace histoloom {

// Kept when the file is renamed.
struct FileMark {
  std::uint64_t bytes = 0;
  std::int64_t written_ns = 0;  // when it was written last, in ns since 1970

  bool operator==(const FileMark&) const = default;
};

// Nothing if there is no such file.
std::optional<FileMark> mark_of(const std::filesystem::path& file);

}  // namespace histoloom
