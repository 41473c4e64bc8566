#include "canvas_files.h"

#include <set>
#include <string>

#include "canvas_store.h"
#include "histoloom/store/array_files.h"
#include "outputs.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

std::set<std::string> array_names() {
  std::set<std::string> names(kCanvasArrays.begin(), kCanvasArrays.end());
  for (const char* name : kCanvasArrays) names.insert(std::string(kCoarserPrefix) + name);
  names.insert(kKeptArray);
  names.insert(kPictureArray);
  return names;
}

}  // namespace

bool holds_only_canvas(const fs::path& directory, const char* besides) {
  std::error_code code;
  if (fs::symlink_status(directory, code).type() == fs::file_type::not_found) return true;
  const std::set<std::string> arrays = array_names();
  std::set<std::string> names = arrays;
  if (besides != nullptr) names.insert(besides);
  if (!holds_only(directory, names)) return false;
  for (const std::string& name : arrays)
    if (!holds_only_array(directory / name)) return false;
  return true;
}

void remove_canvas(const fs::path& directory) {
  for (const std::string& name : array_names()) remove_array(directory / name);
  std::error_code code;
  if (fs::is_directory(fs::symlink_status(directory, code))) fs::remove(directory, code);
}

}  // namespace histoloom
