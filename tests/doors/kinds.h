// The kinds of files that other programs write, made by hand after TIFF 6.0, PNG and GeoJSON (RFC
// 7946).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace histoloom::doors {

// A kind of file: how it is written, and what each door makes of it. A cell that begins with "!" is
// a part of the refusal, with "-" the reason why the door has nothing to do with the kind.
struct Kind {
  const char* name;
  const char* file;
  std::function<void(const std::filesystem::path&)> write;
  std::map<std::string, std::string> cells;
};

std::vector<Kind> all_kinds();

}  // namespace histoloom::doors
