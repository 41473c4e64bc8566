// The hand-broken slides, one for every rule of verify(): what is changed in a good slide of 1500 ×
// 1100 px with tiles of 128 px, 0.5 microns a pixel and 20×, and the finding that it must give.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "histoloom/pyramid/options.h"
#include "histoloom/pyramid/verify.h"
#include "tiff_editor.h"

namespace histoloom::pyramid::test {

inline constexpr auto kGeneric = Profile::generic;
inline constexpr auto kSvs = Profile::svs;
inline constexpr auto kOme = Profile::ome;

using Chain = std::vector<TiffEditor::Directory>;

struct Defect {
  const char* name;  // of the file, too
  Profile profile;
  std::function<void(Chain&)> break_it;
  Severity severity;
  std::string text;  // the whole finding
};

std::vector<Defect> tag_defects();
std::vector<Defect> tile_defects();
std::vector<Defect> level_defects();
std::vector<Defect> generic_defects();
std::vector<Defect> svs_defects();
std::vector<Defect> ome_defects();

}  // namespace histoloom::pyramid::test
