#include "image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMask = "_mask";

bool is_image(const fs::path& file) {
  constexpr std::array<std::string_view, 5> kEndings{".png", ".jpg", ".jpeg", ".tif", ".tiff"};
  std::string ending = file.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

std::vector<fs::path> image_files(const fs::path& folder) {
  std::error_code code;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (is_image(entry.path())) files.push_back(entry.path());
  if (code)
    throw UserError(fmt::format("{}: can't be listed: {}", folder.string(), code.message()));
  std::sort(files.begin(), files.end());
  return files;
}

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
  const std::vector<fs::path> files = image_files(folder);
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
