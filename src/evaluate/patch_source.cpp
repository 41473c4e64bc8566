#include "histoloom/evaluate/patch_source.h"

#include <fmt/format.h>
#include <openslide/openslide.h>
#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <set>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/labels/argb.h"
#include "histoloom/labels/vips.h"

namespace histoloom::evaluate {

namespace fs = std::filesystem;

namespace {

constexpr std::array kImageExtensions{".png",  ".jpg", ".jpeg", ".tif",  ".tiff", ".svs",
                                      ".ndpi", ".scn", ".bif",  ".mrxs", ".vms",  ".vmu"};

// ---- Slides

using Slide = std::unique_ptr<openslide_t, decltype(&openslide_close)>;

class SlideSource final : public PatchSource {
 public:
  explicit SlideSource(const fs::path& path)
      : path_(path), slide_(openslide_open(path.c_str()), openslide_close) {
    if (!slide_)
      throw UserError(fmt::format("{}: is not a slide that OpenSlide reads", path_.string()));
    check();
    openslide_get_level0_dimensions(slide_.get(), &size_.width, &size_.height);
  }
  const fs::path& path() const override { return path_; }
  PixelSize size() const override { return size_; }
  Picture read(const PixelRect& rect) override;

 private:
  void check() const {
    if (const char* error = openslide_get_error(slide_.get()))
      throw UserError(fmt::format("{}: {}", path_.string(), error));
  }

  fs::path path_;
  Slide slide_;
  PixelSize size_;
};

Picture SlideSource::read(const PixelRect& rect) {
  std::vector<std::uint32_t> argb(static_cast<std::size_t>(rect.area()));
  openslide_read_region(slide_.get(), argb.data(), rect.x0, rect.y0, 0, rect.width(),
                        rect.height());
  check();
  Picture out{rect.size(), {}};
  append_on_white(argb, out.rgb);
  return out;
}

// ---- Other images

VipsPtr<VipsImage> open_rgb(const fs::path& path) {
  VipsPtr<VipsImage> image = open_vips_image(path);
  if (!image)
    throw UserError(
        fmt::format("{}: is not an image that can be read ({})", path.string(), vips_says()));
  const int bands = vips_image_get_bands(image.get());
  if (bands != static_cast<int>(kChannels))
    throw UserError(fmt::format("{}: must have the three bands RGB, got {}", path.string(), bands));
  if (vips_image_get_format(image.get()) != VIPS_FORMAT_UCHAR)
    throw UserError(fmt::format("{}: must have 8 bits a sample", path.string()));
  return image;
}

class ImageSource final : public PatchSource {
 public:
  explicit ImageSource(const fs::path& path) : path_(path) {
    const VipsPtr<VipsImage> image = open_rgb(path);
    size_ = {vips_image_get_width(image.get()), vips_image_get_height(image.get())};
  }
  const fs::path& path() const override { return path_; }
  PixelSize size() const override { return size_; }
  Picture read(const PixelRect& rect) override {
    if (whole_.rgb.empty()) decode();
    return crop(whole_, rect);
  }
  void release() override { whole_ = {}; }

 private:
  void decode();

  fs::path path_;
  PixelSize size_;
  Picture whole_;
};

void ImageSource::decode() {
  const VipsPtr<VipsImage> image = open_rgb(path_);
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> memory(
      vips_image_write_to_memory(image.get(), &bytes), g_free);
  if (!memory)
    throw UserError(fmt::format("{}: is damaged or cut short ({})", path_.string(), vips_says()));
  const auto* first = static_cast<const std::uint8_t*>(memory.get());
  whole_ = {{vips_image_get_width(image.get()), vips_image_get_height(image.get())},
            {first, first + bytes}};
  if (whole_.size != size_)
    throw UserError(fmt::format("{}: has changed while it was read", path_.string()));
}

// ---- Folders

bool is_image_name(const fs::path& path) {
  if (path.stem().string().ends_with("_mask")) return false;
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kImageExtensions.begin(), kImageExtensions.end(), extension) !=
         kImageExtensions.end();
}

std::vector<fs::path> images_in(const fs::path& folder) {
  std::error_code code;
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (is_image_name(entry.path())) out.push_back(entry.path());
  if (code)
    throw UserError(fmt::format("{}: can't be listed: {}", folder.string(), code.message()));
  if (out.empty())
    throw UserError(fmt::format("{}: holds no image (.png, .jpg, .tif, .svs, …)", folder.string()));
  std::sort(out.begin(), out.end());
  return out;
}

// Without links and dots; the name itself where the file is gone.
fs::path real_path(const fs::path& path) {
  std::error_code code;
  const fs::path real = fs::canonical(path, code);
  return code ? path : real;
}

}  // namespace

std::unique_ptr<PatchSource> open_patch_source(const fs::path& path) {
  start_vips();
  require_readable(path, "an image or a slide");
  if (openslide_detect_vendor(path.c_str()) != nullptr) return std::make_unique<SlideSource>(path);
  return std::make_unique<ImageSource>(path);
}

PatchSources open_patch_sources(const std::vector<fs::path>& paths) {
  PatchSources out;
  std::set<fs::path> known;
  const auto add = [&](const fs::path& file) {
    std::unique_ptr<PatchSource> source = open_patch_source(file);
    if (known.insert(real_path(file)).second) out.push_back(std::move(source));
  };
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      add(path);
      continue;
    }
    for (const fs::path& image : images_in(path)) add(image);
  }
  return out;
}

std::vector<fs::path> shared_files(const PatchSources& first, const PatchSources& second) {
  std::set<fs::path> known;
  for (const auto& source : second) known.insert(real_path(source->path()));
  std::vector<fs::path> out;
  for (const auto& source : first)
    if (known.contains(real_path(source->path()))) out.push_back(source->path());
  return out;
}

fs::path mask_beside(const fs::path& image) {
  std::string name = image.stem().string();
  if (name.ends_with(".ome")) name.resize(name.size() - 4);
  for (const char* end : {"_mask.png", "_mask.tif"})
    if (const fs::path mask = image.parent_path() / (name + end); file_exists(mask)) return mask;
  return {};
}

namespace {
constexpr int kSourceBits = 24, kColumnBits = 20;
}  // namespace

PartId part_of(std::size_t source, PixelPoint place) {
  constexpr std::int64_t kSide = 1024;
  check_internal(source < PartId{1} << kSourceBits, "too many sources");
  return source | static_cast<PartId>(place.x / kSide) << kSourceBits |
         static_cast<PartId>(place.y / kSide) << (kSourceBits + kColumnBits);
}

std::size_t source_of(PartId part) { return part & ((PartId{1} << kSourceBits) - 1); }

}  // namespace histoloom::evaluate
