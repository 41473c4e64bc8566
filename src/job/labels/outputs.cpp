#include "outputs.h"

#include "histoloom/core/writable.h"
#include "output_claim.h"

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

std::vector<Output> outputs_of(const GenerateSpec& spec) {
  std::vector<Output> out{{spec.out, "-o"}, {manifest_path(spec.out), "-o"}};
  const auto add = [&](const fs::path& file, const char* option) {
    if (!file.empty()) out.push_back({file, option});
  };
  add(spec.report, "--report");
  if (const auto* slide = std::get_if<NewSlide>(&spec.what)) {
    add(slide->files.mask_out, "--mask-out");
    add(slide->files.annotations, "--annotations");
    add(slide->thumbnail, "--thumbnail");
  }
  return out;
}

std::set<std::string> names_of(const std::vector<Output>& outputs) {
  std::set<std::string> names;
  for (const Output& output : outputs) names.insert(absolute_name(output.path));
  return names;
}

void require_still_new(const std::vector<Output>& outputs, const Replaceable& replace) {
  for (const Output& output : outputs) require_still_new(output.path, replace, output.option);
}

void require_writable_output(const fs::path& path, const Replaceable& replace, const char* option) {
  if (path.empty()) return;
  require_writable(path, option);
  require_new(path, replace, option);
}

void check_outputs(const GenerateSpec& spec, const Replaceable& replace) {
  require_writable_output(spec.out, replace, "-o");
  require_unclaimed(spec.out);
  require_new(manifest_path(spec.out), replace, "-o");
  require_writable_directory(spec.work.directory, "--work");
  require_writable_output(spec.report, replace, "--report");
}

}  // namespace histoloom
