#include "histoloom/store/array_files.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace histoloom {

namespace fs = std::filesystem;

namespace {

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "0.ROW.COLUMN", and while it is not committed ".new-COMMIT" behind it (chunk_files.cpp).
bool is_chunk(std::string_view name) {
  constexpr std::string_view kFirst = "0.", kAside = ".new-";
  if (!name.starts_with(kFirst)) return false;
  name.remove_prefix(kFirst.size());
  if (const std::size_t aside = name.find(kAside); aside != std::string_view::npos) {
    if (!is_number(name.substr(aside + kAside.size()))) return false;
    name = name.substr(0, aside);
  }
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && is_number(name.substr(0, dot)) &&
         is_number(name.substr(dot + 1));
}

bool is_array_file(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  std::error_code code;
  if (!entry.is_regular_file(code) || entry.is_symlink(code)) return false;
  for (const char* header : {".zarray", ".zarray.tmp", ".checksums.json", ".checksums.json.tmp"})
    if (name == header) return true;
  return is_chunk(name);
}

}  // namespace

bool holds_only_array(const fs::path& directory) {
  std::error_code code;
  if (fs::symlink_status(directory, code).type() == fs::file_type::not_found) return true;
  fs::directory_iterator at(directory, code);
  for (; !code && at != fs::directory_iterator(); at.increment(code))
    if (!is_array_file(*at)) return false;
  return !code;
}

void remove_array(const fs::path& directory) {
  std::error_code code;
  std::vector<fs::path> files;
  fs::directory_iterator at(directory, code);
  for (; !code && at != fs::directory_iterator(); at.increment(code))
    if (is_array_file(*at)) files.push_back(at->path());
  for (const fs::path& file : files) fs::remove(file, code);
  if (fs::is_directory(fs::symlink_status(directory, code))) fs::remove(directory, code);
}

}  // namespace histoloom
