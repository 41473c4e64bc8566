#include "file_mark.h"

#include <sys/stat.h>

namespace histoloom {

std::optional<FileMark> mark_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return FileMark{static_cast<std::uint64_t>(status.st_size),
                  status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

}  // namespace histoloom
