#include "outputs.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace fs = std::filesystem;

bool holds_only(const fs::path& directory, const std::set<std::string>& names) {
  std::error_code code;
  fs::directory_iterator at(directory, code);
  for (; !code && at != fs::directory_iterator(); at.increment(code))
    if (!names.contains(at->path().filename().string())) return false;
  return !code;
}

fs::path manifest_path(const fs::path& out) { return out.string() + ".manifest.json"; }

void require_new(const fs::path& path, const Replaceable& replace, const char* option) {
  if (file_exists(path) && !replace.may_replace(path))
    throw UserError(fmt::format("{} {}: exists; give another name, or --force to replace it",
                                option, path.string()));
}

}  // namespace histoloom
