#include "image_folder.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <string_view>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMask = "_mask";

constexpr std::array<std::string_view, 5> kEndings{".png", ".jpg", ".jpeg", ".tif", ".tiff"};

// By name without ending; UserError where two have the same.
std::map<std::string, fs::path> by_name(const std::vector<fs::path>& files) {
  std::map<std::string, fs::path> out;
  for (const fs::path& file : files) {
    const auto [there, is_new] = out.try_emplace(file.stem().string(), file);
    if (!is_new)
      throw UserError(fmt::format("{}: has the same name as {}; rename one of them", file.string(),
                                  there->second.filename().string()));
  }
  return out;
}

}  // namespace

std::vector<ImageFile> list_images(const fs::path& folder) {
  const std::vector<fs::path> files = files_with_endings(folder, kEndings);
  const std::map<std::string, fs::path> all = by_name(files);
  std::vector<ImageFile> out;
  for (const fs::path& file : files) {
    const std::string name = file.stem().string();
    if (name.ends_with(kMask)) continue;
    const auto mask = all.find(name + std::string(kMask));
    out.push_back({file, mask == all.end() ? fs::path() : mask->second});
  }
  if (out.empty())
    throw UserError(
        fmt::format("{}: holds no NAME.png, .jpg or .tif; training images are expected there",
                    folder.string()));
  return out;
}

}  // namespace histoloom
