#include "histoloom/core/replaceable.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/writable.h"

namespace histoloom {

namespace fs = std::filesystem;

bool Replaceable::may_replace(const fs::path& file) const {
  return all_ || own_.contains(absolute_name(file));
}

std::string absolute_name(const fs::path& file) {
  std::error_code code;
  fs::path directory = fs::canonical(directory_of(file), code);
  if (code) directory = fs::absolute(directory_of(file));
  return (directory / file.filename()).string();
}

void require_new(const fs::path& path, const Replaceable& replace, const char* option) {
  if (file_exists(path) && !replace.may_replace(path))
    throw UserError(fmt::format("{} {}: exists; give another name, or --force to replace it",
                                option, path.string()));
}

void require_still_new(const fs::path& path, const Replaceable& replace, const char* option) {
  if (file_exists(path) && !replace.may_replace(path))
    throw OutputAppeared(fmt::format("{} {}: another program has made it since the job began",
                                     option, path.string()));
}

}  // namespace histoloom
