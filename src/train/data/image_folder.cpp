#include "image_folder.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <string_view>

#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMask = "_mask";  // in capitals or not

constexpr std::array<std::string_view, 5> kEndings{".png", ".jpg", ".jpeg", ".tif", ".tiff"};

// By name without ending; UserError if two have the same.
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

bool is_mask(const std::string& name) { return ascii_lower(name).ends_with(kMask); }

// The mask of an image; of two whose names differ in capitals alone the one that has the image's.
fs::path mask_of(const std::string& image, const std::map<std::string, fs::path>& files) {
  for (const char* mask : {"_mask", "_Mask", "_MASK"})
    if (const auto at = files.find(image + mask); at != files.end()) return at->second;
  return {};
}

}  // namespace

std::vector<ImageFile> list_images(const fs::path& folder) {
  const std::vector<fs::path> files = files_with_endings(folder, kEndings);
  const std::map<std::string, fs::path> all = by_name(files);
  std::vector<ImageFile> out;
  for (const fs::path& file : files) {
    const std::string name = file.stem().string();
    if (!is_mask(name)) out.push_back({file, mask_of(name, all)});
  }
  if (out.empty())
    throw UserError(
        fmt::format("{}: holds no NAME.png, .jpg or .tif; training images are expected there",
                    folder.string()));
  return out;
}

}  // namespace histoloom
