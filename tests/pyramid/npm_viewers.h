// The libraries of npm that web viewers are made of, run by tests/viewers/see.mjs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support.h"

namespace histoloom::pyramid::test {

// One slide to open, with samples of level 0 that must be seen there.
struct ViewerFile {
  std::filesystem::path path;
  int tolerance = 0;                     // of each sample; 0: ids
  std::vector<std::vector<int>> points;  // {x, y, r, g, b} or {x, y, id}
};

// What one library said of one file.
struct ViewerRow {
  std::string reader;  // name that verify() gives it
  std::string version;
  std::filesystem::path file;
  bool opens = false;
  std::string why;                  // reason if it doesn't
  std::vector<std::string> levels;  // "300x200"; of a volume "300x200x2"
  std::string pixels;               // "right", "wrong: ..."; empty if it doesn't open
};

// Installs the libraries of tests/viewers/package-lock.json in the build folder, unless they are
// there. Gives the reason why they can't be used here, or an empty text.
std::string viewers_missing();
// Rows of all `readers` for all files, in this order. Each file may take 60 seconds.
std::vector<ViewerRow> viewers_say(const std::vector<std::string>& readers,
                                   const std::vector<ViewerFile>& files,
                                   const std::filesystem::path& scratch);

// The file with points at the corners, in the middle and at the edges of tiles.
ViewerFile viewer_file(const std::filesystem::path& path, const Picture& picture, int tolerance);

}  // namespace histoloom::pyramid::test
