#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/evaluate/patch_source.h"

namespace histoloom::evaluate {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 12> kEndings{".png",  ".jpg",  ".jpeg", ".tif",
                                                    ".tiff", ".svs",  ".ndpi", ".scn",
                                                    ".bif",  ".mrxs", ".vms",  ".vmu"};

std::vector<fs::path> images_in(const fs::path& folder) {
  std::vector<fs::path> out = files_with_endings(folder, kEndings);
  std::erase_if(out, [](const fs::path& file) {
    return ascii_lower(file.stem().string()).ends_with("_mask");
  });
  if (out.empty())
    throw UserError(fmt::format("{}: holds no image (.png, .jpg, .tif, .svs, …)", folder.string()));
  return out;
}

void note(std::vector<PassedOver>* passed_over, PassedOver files) {
  if (passed_over != nullptr && !files.files.empty()) passed_over->push_back(std::move(files));
}

PatchSources open_folder(const fs::path& folder, std::vector<PassedOver>* passed_over) {
  PassedOver masks{{}, "since label masks have one band"},
      pictures{{}, "since plain pictures beside slides are thumbnails; name those that are none"};
  PatchSources out;
  for (const fs::path& path : images_in(folder)) {
    if (is_grey(path))
      masks.files.push_back(path);
    else
      out.push_back(open_patch_source(path));
  }
  if (out.empty())
    throw UserError(
        fmt::format("{}: holds no image but label masks, which have one band", folder.string()));
  if (std::any_of(out.begin(), out.end(), [](const auto& source) { return source->is_slide(); }))
    std::erase_if(out, [&](const auto& source) {
      if (!source->is_slide()) pictures.files.push_back(source->path());
      return !source->is_slide();
    });
  note(passed_over, std::move(masks));
  note(passed_over, std::move(pictures));
  return out;
}

}  // namespace

PatchSources open_patch_sources(const std::vector<fs::path>& paths,
                                std::vector<PassedOver>* passed_over) {
  PatchSources out;
  std::set<fs::path> known;
  const auto add = [&](std::unique_ptr<PatchSource> source) {
    if (known.insert(meant_by(source->path())).second) out.push_back(std::move(source));
  };
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      add(open_patch_source(path));
      continue;
    }
    for (std::unique_ptr<PatchSource>& source : open_folder(path, passed_over))
      add(std::move(source));
  }
  return out;
}

std::vector<fs::path> shared_files(const PatchSources& first, const PatchSources& second) {
  std::set<fs::path> known;
  for (const auto& source : second) known.insert(meant_by(source->path()));
  std::vector<fs::path> out;
  for (const auto& source : first)
    if (known.contains(meant_by(source->path()))) out.push_back(source->path());
  return out;
}

fs::path mask_beside(const fs::path& image) {
  std::string name = image.stem().string();
  if (name.ends_with(".ome")) name.resize(name.size() - 4);
  for (const std::string mask : {"_mask", "_Mask", "_MASK"})
    for (const char* ending : {".png", ".tif", ".tiff", ".PNG", ".TIF", ".TIFF"})
      if (const fs::path path = image.parent_path() / (name + mask + ending); file_exists(path))
        return path;
  return {};
}

}  // namespace histoloom::evaluate
