#include "picture_source.h"

#include <fmt/format.h>
#include <openslide.h>
#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>

#include "histoloom/core/error.h"
#include "histoloom/labels/argb.h"
#include "histoloom/labels/vips.h"
#include "histoloom/pyramid/verify.h"
#include "truncation.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

// Coarser than any microscope: a resolution for printing, not of a slide.
constexpr double kMaxMpp = 100;

// Far above any label or macro, far below what would hurt.
constexpr std::int64_t kMaxAssociatedSide = 16384;

using Image = VipsPtr<VipsImage>;

[[noreturn]] void damaged(const fs::path& path) {
  throw UserError(fmt::format("{} can't be read as a picture, it may be damaged ({})",
                              path.string(), vips_says()));
}

// Takes over the result of a call of libvips.
Image taken(int code, VipsImage* image, const fs::path& path) {
  if (code != 0 || image == nullptr) damaged(path);
  return Image(image);
}

bool is_tiff(const fs::path& path) {
  std::array<char, 4> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  return (std::memcmp(head.data(), "II", 2) == 0 && (head[2] == 42 || head[2] == 43)) ||
         (std::memcmp(head.data(), "MM", 2) == 0 && (head[3] == 42 || head[3] == 43));
}

// A scanner's slide, in the eyes of OpenSlide; plain TIFF is better read by libvips, which keeps
// one-channel pictures as they are.
bool is_scan(const fs::path& path) {
  const char* vendor = openslide_detect_vendor(path.c_str());
  return vendor != nullptr && std::strcmp(vendor, "generic-tiff") != 0;
}

// Lays alpha on white; refuses what isn't 8-bit grey or RGB.
Image plain_pixels(Image image, const fs::path& path) {
  const VipsBandFormat format = vips_image_get_format(image.get());
  if (format != VIPS_FORMAT_UCHAR) {
    throw UserError(
        fmt::format("{}: its pixels are {}, a pyramid's have 8 bits (uchar); convert it "
                    "first, as with 'vips cast'",
                    path.string(), vips_enum_nick(VIPS_TYPE_BAND_FORMAT, format)));
  }
  const int bands = vips_image_get_bands(image.get());
  const VipsInterpretation space = vips_image_get_interpretation(image.get());
  const bool alpha = (bands == 2 || bands == 4) && vips_image_hasalpha(image.get()) != 0;
  const bool odd = space == VIPS_INTERPRETATION_LAB || space == VIPS_INTERPRETATION_CMYK;
  if ((bands != 1 && bands != 3 && !alpha) || odd) {
    throw UserError(
        fmt::format("{}: has {} channels ({}), a pyramid holds 1 or 3 (grey or RGB); "
                    "convert it first",
                    path.string(), bands, vips_enum_nick(VIPS_TYPE_INTERPRETATION, space)));
  }
  if (!alpha) return image;
  VipsImage* flat = nullptr;
  const std::array<double, 1> white{255};
  VipsArrayDouble* background = vips_array_double_new(white.data(), 1);
  const int code = vips_flatten(image.get(), &flat, "background", background, nullptr);
  vips_area_unref(VIPS_AREA(background));
  return taken(code, flat, path);
}

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

}  // namespace

struct PictureSource::State {
  fs::path path;
  PictureFacts facts;
  Image image;

  void open_scan();
  void open_other();
  void read_tiff_facts();
  void set_scale(double x, double y);
  void keep_associated(const std::string& name, Image picture);
  void keep_scan_associated();
};

PictureSource::PictureSource(const fs::path& path) : state_(std::make_unique<State>()) {
  start_vips();
  require_readable(path, "a picture or slide");
  require_whole(path);
  State& s = *state_;
  s.path = path;
  const bool scan = is_scan(path);
  if (is_tiff(path)) s.read_tiff_facts();
  scan ? s.open_scan() : s.open_other();
  s.image = plain_pixels(std::move(s.image), path);
  s.facts.size = {vips_image_get_width(s.image.get()), vips_image_get_height(s.image.get())};
  s.facts.channels = vips_image_get_bands(s.image.get());
  s.facts.icc_profile = blob_in(s.image.get(), VIPS_META_ICC_NAME);
  if (s.facts.digital_source_type.empty()) {
    s.facts.digital_source_type = source_type_in(blob_in(s.image.get(), VIPS_META_XMP_NAME));
  }
}

PictureSource::~PictureSource() = default;

const PictureFacts& PictureSource::facts() const { return state_->facts; }

void PictureSource::State::set_scale(double x, double y) {
  if (std::abs(x - y) > 0.01 * x) {
    facts.warnings.push_back(
        fmt::format("{}: pixels are {:g} x {:g} microns; the output says {:g}, their mean",
                    path.string(), x, y, (x + y) / 2));
  }
  facts.mpp = (x + y) / 2;
}

// Scale and pictures of a TIFF by the rules of the readers, which know more places than libvips.
void PictureSource::State::read_tiff_facts() {
  const pyramid::TiffFile file = pyramid::read_tiff(path);
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    if (!file.chain[i].truncated) continue;
    throw UserError(
        fmt::format("{} is truncated: parts of its directory {} lie past its end; fetch "
                    "it again",
                    path.string(), i));
  }
  const std::string& xmp = file.chain[0].xmp;
  facts.digital_source_type = source_type_in({xmp.begin(), xmp.end()});
  for (const pyramid::ReaderView& view : pyramid::verify(file).readers) {
    if (view.reader != "QuPath" || !view.opens) continue;
    if (view.mpp_x && view.mpp_y && *view.mpp_x <= kMaxMpp) set_scale(*view.mpp_x, *view.mpp_y);
    facts.magnification = view.magnification;
    if (is_scan(path)) continue;  // OpenSlide hands out its pictures
    for (const pyramid::AssociatedView& picture : view.associated) {
      VipsImage* out = nullptr;
      const int code = vips_tiffload(path.c_str(), &out, "page", picture.directory, "fail_on",
                                     VIPS_FAIL_ON_ERROR, nullptr);
      keep_associated(picture.name, taken(code, out, path));
    }
  }
}

void PictureSource::State::keep_associated(const std::string& name, Image picture) {
  try {
    picture = plain_pixels(std::move(picture), path);
    VipsImage* rgb = nullptr;
    const int code = vips_colourspace(picture.get(), &rgb, VIPS_INTERPRETATION_sRGB, nullptr);
    picture = taken(code, rgb, path);
    std::size_t size = 0;
    void* data = vips_image_write_to_memory(picture.get(), &size);
    if (data == nullptr) damaged(path);
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    facts.associated.push_back(
        {name,
         {vips_image_get_width(picture.get()), vips_image_get_height(picture.get())},
         {bytes, bytes + size}});
    g_free(data);
  } catch (const UserError& error) {
    facts.warnings.push_back(fmt::format("the {} image is left out: {}", name, error.what()));
  }
}

void PictureSource::State::open_scan() {
  VipsImage* out = nullptr;
  const int code =
      vips_openslideload(path.c_str(), &out, "rgb", TRUE, "access", VIPS_ACCESS_SEQUENTIAL,
                         "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
  image = taken(code, out, path);
  const auto x = number_in(image.get(), "openslide.mpp-x");
  const auto y = number_in(image.get(), "openslide.mpp-y");
  if (x && y && !facts.mpp) set_scale(*x, *y);
  if (const auto power = number_in(image.get(), "openslide.objective-power")) {
    facts.magnification = power;
  }
  keep_scan_associated();
}

// Through OpenSlide itself: libvips 8.14.1 reads associated images of a slide it has closed.
void PictureSource::State::keep_scan_associated() {
  const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(openslide_open(path.c_str()),
                                                                       openslide_close);
  if (!slide || openslide_get_error(slide.get()) != nullptr) return;  // libvips has said why
  const char* const* names = openslide_get_associated_image_names(slide.get());
  for (; names != nullptr && *names != nullptr; ++names) {
    PixelSize size;
    openslide_get_associated_image_dimensions(slide.get(), *names, &size.width, &size.height);
    if (size.empty() || size.width > kMaxAssociatedSide || size.height > kMaxAssociatedSide) {
      facts.warnings.push_back(fmt::format("the {} image is left out: it has {}x{} px", *names,
                                           size.width, size.height));
      continue;
    }
    std::vector<std::uint32_t> argb(static_cast<std::size_t>(size.area()));
    openslide_read_associated_image(slide.get(), *names, argb.data());
    if (const char* error = openslide_get_error(slide.get())) {
      facts.warnings.push_back(fmt::format("the {} image is left out: {}", *names, error));
      return;  // OpenSlide gives nothing more after an error
    }
    std::vector<std::uint8_t> rgb;
    append_on_white(argb, rgb);
    facts.associated.push_back({*names, size, std::move(rgb)});
  }
}

void PictureSource::State::open_other() {
  image = open_vips_image(path);
  if (!image) damaged(path);
  if (vips_image_get_orientation(image.get()) > 1) {
    facts.warnings.push_back(fmt::format(
        "{}: is turned by its orientation tag, which is not followed; turn it first, as "
        "with 'vips autorot'",
        path.string()));
  }
  // Other formats' resolution, where it is one of a microscope.
  const double x = 1000 / vips_image_get_xres(image.get());
  const double y = 1000 / vips_image_get_yres(image.get());
  if (!facts.mpp && x > 0 && y > 0 && x <= kMaxMpp && y <= kMaxMpp) set_scale(x, y);
}

namespace {

struct Sink {
  const PictureSource::Take& take;
  std::exception_ptr error;
};

// Called by libvips for one strip after the other; no exception may cross its frames.
int take_strip(VipsRegion* region, VipsRect* area, void* data) {
  Sink& sink = *static_cast<Sink*>(data);
  try {
    sink.take(VIPS_REGION_ADDR(region, area->left, area->top), area->height,
              static_cast<std::ptrdiff_t>(VIPS_REGION_LSKIP(region)));
    return 0;
  } catch (...) {
    sink.error = std::current_exception();
    return -1;
  }
}

}  // namespace

void PictureSource::read(int threads, const Take& take) {
  if (threads > 0) vips_concurrency_set(threads);
  Sink sink{take, nullptr};
  const int code = vips_sink_disc(state_->image.get(), take_strip, &sink);
  if (sink.error) {
    vips_error_clear();
    std::rethrow_exception(sink.error);
  }
  if (code != 0) damaged(state_->path);
}

}  // namespace histoloom
