#include "histoloom/pictures/picture_facts.h"

#include <fmt/format.h>
#include <openslide.h>
#include <vips/vips.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "argb.h"
#include "decoded.h"
#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/pyramid/scale.h"
#include "refusals.h"
#include "truncation.h"
#include "whole_image.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

// Far above any label or macro, far below what would hurt.
constexpr std::int64_t kMaxAssociatedSide = 16384;

std::optional<double> number_in(VipsImage* image, const char* field) {
  const char* text = nullptr;
  if (vips_image_get_typeof(image, field) == 0 || vips_image_get_string(image, field, &text) != 0) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  if (error != std::errc() || !std::isfinite(value) || value <= 0) return std::nullopt;
  return value;
}

std::vector<std::uint8_t> blob_in(VipsImage* image, const char* field) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (vips_image_get_typeof(image, field) == 0 ||
      vips_image_get_blob(image, field, &data, &size) != 0) {
    return {};
  }
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  return {bytes, bytes + size};
}

// The last part of IPTC's URI for what made the picture.
std::string source_type_in(const std::vector<std::uint8_t>& xmp) {
  const std::string text(xmp.begin(), xmp.end());
  const std::string key = "cv.iptc.org/newscodes/digitalsourcetype/";
  const auto at = text.find(key);
  if (at == std::string::npos) return {};
  const auto from = at + key.size();
  return text.substr(from, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                                                  from) -
                               from);
}

// One picture's facts, gathered in the order in which its warnings are to come.
class FactsReader {
 public:
  FactsReader(const fs::path& path, PictureContent content)
      : path_(path), content_(content), scan_(content == PictureContent::scan) {}
  PictureFacts read();

 private:
  void read_tiff();
  void read_scan(VipsImage* image);
  bool has_associated(const std::string& name) const;
  void keep_profile(std::vector<std::uint8_t> profile);
  void set_scale(const MppOfAxes& mpp);
  void keep_associated(const std::string& name, VipsPtr<VipsImage> picture);
  void keep_scan_associated();

  const fs::path& path_;
  PictureContent content_;
  bool scan_;
  PictureFacts facts_;
};

PictureFacts FactsReader::read() {
  if (is_tiff(path_)) read_tiff();
  const VipsPtr<VipsImage> image = open_whole(path_, content_);
  if (scan_) read_scan(image.get());
  if (const auto mpp = scale_of_picture(path_, image.get()); mpp && !facts_.mpp) set_scale(*mpp);
  facts_.size = {vips_image_get_width(image.get()), vips_image_get_height(image.get())};
  facts_.channels = vips_image_get_bands(image.get());
  keep_profile(blob_in(image.get(), VIPS_META_ICC_NAME));
  if (facts_.digital_source_type.empty())
    facts_.digital_source_type = source_type_in(blob_in(image.get(), VIPS_META_XMP_NAME));
  return std::move(facts_);
}

// A profile's header (ICC.1, section 7.2) names its colours at byte 16 and says "acsp" at 36.
void FactsReader::keep_profile(std::vector<std::uint8_t> profile) {
  if (profile.empty()) return;
  const std::string head(profile.begin(),
                         profile.begin() + std::min<std::ptrdiff_t>(40, std::ssize(profile)));
  const bool valid = head.size() == 40 && head.substr(36) == "acsp";
  const std::string colours = valid ? head.substr(16, 4) : "";
  if (colours == (facts_.channels == 1 ? "GRAY" : "RGB ")) {
    facts_.icc_profile = std::move(profile);
    return;
  }
  facts_.warnings.push_back(fmt::format(
      "{}: its colour profile is left out: {}", path_.string(),
      valid ? fmt::format("it is for {}, the pixels are {}", colours.substr(0, colours.find(' ')),
                          facts_.channels == 1 ? "grey" : "RGB")
            : "it is damaged"));
}

void FactsReader::set_scale(const MppOfAxes& mpp) {
  const auto [x, y] = mpp;
  if (std::abs(x - y) > 0.01 * x) {
    facts_.warnings.push_back(
        fmt::format("{}: pixels are {:g} x {:g} microns; the output says {:g}, their mean",
                    path_.string(), x, y, (x + y) / 2));
  }
  facts_.mpp = (x + y) / 2;
}

// Pictures of a TIFF by the rules of the readers, which know more places than libvips.
void FactsReader::read_tiff() {
  const pyramid::TiffFile file = pyramid::read_tiff(path_);
  require_whole(file);
  const std::string& xmp = file.chain[0].xmp;
  facts_.digital_source_type = source_type_in({xmp.begin(), xmp.end()});
  const pyramid::TiffScale scale = pyramid::scale_of(file);
  facts_.magnification = scale.magnification;
  if (scan_) keep_scan_associated();  // which OpenSlide 3.4.1 may know less of
  for (const pyramid::AssociatedView& picture : scale.associated) {
    if (has_associated(picture.name)) continue;
    VipsImage* out = nullptr;
    const int code = vips_tiffload(path_.c_str(), &out, "page", picture.directory, "fail_on",
                                   VIPS_FAIL_ON_ERROR, nullptr);
    keep_associated(picture.name, taken(code, out, path_));
  }
}

void FactsReader::keep_associated(const std::string& name, VipsPtr<VipsImage> picture) {
  try {
    picture = on_white(std::move(picture), path_);
    VipsImage* rgb = nullptr;
    const int code = vips_colourspace(picture.get(), &rgb, VIPS_INTERPRETATION_sRGB, nullptr);
    picture = taken(code, rgb, path_);
    Picture kept = decoded(picture.get(), path_);
    facts_.associated.push_back({name, kept.size, std::move(kept.samples)});
  } catch (const UserError& error) {
    facts_.warnings.push_back(fmt::format("the {} image is left out: {}", name, error.what()));
  }
}

void FactsReader::read_scan(VipsImage* image) {
  const auto x = number_in(image, "openslide.mpp-x");
  const auto y = number_in(image, "openslide.mpp-y");
  if (x && y) set_scale({*x, *y});
  if (const auto power = number_in(image, "openslide.objective-power"))
    facts_.magnification = power;
  if (!is_tiff(path_)) keep_scan_associated();
}

// Through OpenSlide itself: libvips 8.14.1 reads associated images of a slide it has closed.
void FactsReader::keep_scan_associated() {
  const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(
      openslide_open(path_.c_str()), openslide_close);
  if (!slide || openslide_get_error(slide.get()) != nullptr) return;  // libvips has said why
  const char* const* names = openslide_get_associated_image_names(slide.get());
  for (; names != nullptr && *names != nullptr; ++names) {
    PixelSize size;
    openslide_get_associated_image_dimensions(slide.get(), *names, &size.width, &size.height);
    if (size.empty() || size.width > kMaxAssociatedSide || size.height > kMaxAssociatedSide) {
      facts_.warnings.push_back(fmt::format("the {} image is left out: it has {}x{} px", *names,
                                            size.width, size.height));
      continue;
    }
    std::vector<std::uint32_t> argb(static_cast<std::size_t>(size.area()));
    openslide_read_associated_image(slide.get(), *names, argb.data());
    if (const char* error = openslide_get_error(slide.get())) {
      facts_.warnings.push_back(fmt::format("the {} image is left out: {}", *names, error));
      return;  // OpenSlide gives nothing more after an error
    }
    std::vector<std::uint8_t> rgb;
    append_on_white(argb, rgb);
    facts_.associated.push_back({*names, size, std::move(rgb)});
  }
}

// By its name in the file, whatever its case.
bool FactsReader::has_associated(const std::string& name) const {
  return std::any_of(facts_.associated.begin(), facts_.associated.end(), [&](const auto& picture) {
    return ascii_lower(picture.name) == ascii_lower(name);
  });
}

}  // namespace

PictureFacts read_facts(const fs::path& path, PictureContent content) {
  return FactsReader(path, content).read();
}

}  // namespace histoloom
