// Every door by which a picture or a label comes in.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "histoloom/vocabulary/label_set.h"

namespace histoloom::doors {

// The labels that masks are read with: unknown, tissue and glass.
LabelSet labels();

struct Door {
  const char* name;
  // What the door makes of a file, in words: what lies at (20, 20) and at (200, 200), and the scale
  // as far as the door has one. \error those of the door.
  std::string (*open)(const std::filesystem::path&);
};
std::span<const Door> all_doors();

// Writes a picture without oddities, and returns its path.
std::filesystem::path plain_picture(const std::filesystem::path& folder, const std::string& name);

}  // namespace histoloom::doors
