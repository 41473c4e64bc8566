#include "histoloom/core/readable.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>

#include "histoloom/core/error.h"

namespace histoloom {

void require_readable(const std::filesystem::path& path, std::string_view wanted) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw UserError(fmt::format("{} is a directory; give {}", path.string(), wanted));
  }
  errno = 0;
  if (!std::ifstream(path, std::ios::binary)) {
    throw UserError(
        fmt::format("{} can't be opened: {}; check the path", path.string(), errno_text(errno)));
  }
}

}  // namespace histoloom
