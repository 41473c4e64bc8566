#include "histoloom/core/sync.h"

#include <fcntl.h>

namespace histoloom {

void sync_parent_directory(const std::filesystem::path& path,
                           const std::function<int(int)>& sync) noexcept {
  // "a/b/" is the directory b in a.
  const std::filesystem::path named = path.has_filename() ? path : path.parent_path();
  const std::filesystem::path directory = named.has_parent_path() ? named.parent_path() : ".";
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  sync(descriptor);
  ::close(descriptor);
}

}  // namespace histoloom
