#include "replaceable.h"

#include "outputs.h"

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

std::set<std::string> outputs_of(const GenerateOptions& o) {
  std::set<std::string> out{absolute_name(o.out), absolute_name(manifest_path(o.out))};
  for (const fs::path& file : {o.mask_out, o.annotations, o.thumbnail, o.report})
    if (!file.empty()) out.insert(absolute_name(file));
  return out;
}

}  // namespace histoloom
