#include "outputs.h"

#include "histoloom/core/writable.h"

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

std::set<std::string> outputs_of(const GenerateSpec& spec) {
  std::set<std::string> out{absolute_name(spec.out), absolute_name(manifest_path(spec.out))};
  const auto add = [&](const fs::path& file) {
    if (!file.empty()) out.insert(absolute_name(file));
  };
  add(spec.report);
  if (const auto* slide = std::get_if<NewSlide>(&spec.what)) {
    add(slide->files.mask_out);
    add(slide->files.annotations);
    add(slide->thumbnail);
  }
  return out;
}

void require_writable_output(const fs::path& path, const Replaceable& replace, const char* option) {
  if (path.empty()) return;
  require_writable(path, option);
  require_new(path, replace, option);
}

void check_outputs(const GenerateSpec& spec, const Replaceable& replace) {
  require_writable_output(spec.out, replace, "-o");
  require_new(manifest_path(spec.out), replace, "-o");
  require_writable_directory(spec.work.directory, "--work");
  require_writable_output(spec.report, replace, "--report");
}

}  // namespace histoloom
