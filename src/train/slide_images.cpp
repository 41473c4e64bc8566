#include "slide_images.h"

#include <fmt/format.h>
#include <openslide/openslide.h>
#include <vips/vips.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>

#include "histoloom/core/error.h"
#include "histoloom/labels/annotation_file.h"
#include "histoloom/labels/argb.h"
#include "histoloom/labels/glass.h"
#include "histoloom/labels/stated_mpp.h"
#include "histoloom/labels/vips.h"

namespace histoloom {

namespace {

constexpr std::int64_t kWhole = std::int64_t{1} << 24;  // pixels of a slide that is read whole
constexpr double kSameResolution = 0.05;
constexpr double kLeastTissue = 0.25;   // of a region
constexpr double kOverviewShrink = 16;  // pixels of the model a pixel in which tissue is looked for

struct Rgb {
  PixelSize size;
  std::vector<std::uint8_t> bytes;
};

// `rgb` in another size, by a Lanczos kernel.
std::vector<std::uint8_t> resized(const Rgb& rgb, PixelSize size) {
  start_vips();
  const VipsPtr<VipsImage> image(vips_image_new_from_memory(
      rgb.bytes.data(), rgb.bytes.size(), static_cast<int>(rgb.size.width),
      static_cast<int>(rgb.size.height), 3, VIPS_FORMAT_UCHAR));
  const auto ratio = [](std::int64_t to, std::int64_t from) {
    return static_cast<double>(to) / static_cast<double>(from);
  };
  VipsImage* out = nullptr;
  const int failed = vips_resize(image.get(), &out, ratio(size.width, rgb.size.width), "vscale",
                                 ratio(size.height, rgb.size.height), nullptr);
  check_internal(failed == 0, "a region can't be resized: " + vips_says());
  const VipsPtr<VipsImage> owned(out);
  check_internal(
      vips_image_get_width(out) == size.width && vips_image_get_height(out) == size.height,
      "a resized region has another size");
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> memory(vips_image_write_to_memory(out, &bytes),
                                                        &g_free);
  check_internal(memory != nullptr, "a region can't be resized: " + vips_says());
  const auto* first = static_cast<const std::uint8_t*>(memory.get());
  return {first, first + bytes};
}

// A slide in pixels of the model.
class ScaledSlide {
 public:
  ScaledSlide(const std::filesystem::path& path, double mpp)
      : path_(path.string()), slide_(openslide_open(path.c_str()), openslide_close) {
    if (!slide_ || openslide_get_error(slide_.get()) != nullptr)
      throw UserError(fmt::format("{}: is not a slide that OpenSlide reads", path_));
    openslide_get_level0_dimensions(slide_.get(), &full_.width, &full_.height);
    if (const std::optional<double> own = stated_mpp(); own && mpp > 0) scale_to(mpp, *own);
  }

  PixelSize full() const { return full_; }  // at full resolution
  PixelSize size() const {
    return scale_ == 1 ? full_ : PixelSize{shrunk(full_.width), shrunk(full_.height)};
  }

  // RGB of a rectangle inside the slide.
  std::vector<std::uint8_t> read(const PixelRect& rect) const {
    Rgb rgb = read_level(rect, scale_);
    return rgb.size == rect.size() ? std::move(rgb.bytes) : resized(rgb, rect.size());
  }

  // The share of a rectangle that doesn't look like glass, from a level that is coarse enough to be
  // read quickly, if the slide has one.
  double tissue_share(const PixelRect& rect) const {
    const Rgb rgb = read_level(rect, scale_ * kOverviewShrink);
    std::int64_t tissue = 0;
    for (std::size_t i = 0; i < rgb.bytes.size(); i += 3)
      tissue += !looks_like_glass({static_cast<double>(rgb.bytes[i]),
                                   static_cast<double>(rgb.bytes[i + 1]),
                                   static_cast<double>(rgb.bytes[i + 2])});
    return static_cast<double>(tissue) / static_cast<double>(rgb.size.area());
  }

 private:
  std::int64_t shrunk(std::int64_t length) const {
    return static_cast<std::int64_t>(static_cast<double>(length) / scale_);
  }

  std::optional<double> stated_mpp() const {
    const auto property = [this](const char* name) {
      return openslide_get_property_value(slide_.get(), name);
    };
    return histoloom::stated_mpp(property(OPENSLIDE_PROPERTY_NAME_MPP_X),
                                 property(OPENSLIDE_PROPERTY_NAME_MPP_Y));
  }

  void scale_to(double mpp, double own) {
    if (std::abs(mpp / own - 1) <= kSameResolution) return;
    if (own > mpp)
      throw UserError(
          fmt::format("{}: has {:.3g} microns a pixel, the model {:.3g}; a slide that is coarser "
                      "than the model can't teach it",
                      path_, own, mpp));
    scale_ = mpp / own;
  }

  // A rectangle from the coarsest level that shrinks by at most `shrink`, in that level's pixels.
  Rgb read_level(const PixelRect& rect, double shrink) const {
    // A little more: levels of 4 are often of 4.0001.
    const int level =
        std::max(0, openslide_get_best_level_for_downsample(slide_.get(), shrink * 1.01));
    const double ratio = scale_ / openslide_get_level_downsample(slide_.get(), level);
    const auto at_level = [&](std::int64_t length) {
      return std::max<std::int64_t>(1, std::llround(static_cast<double>(length) * ratio));
    };
    const auto at_full = [&](std::int64_t x) {
      return std::llround(static_cast<double>(x) * scale_);
    };
    Rgb out{{at_level(rect.width()), at_level(rect.height())}, {}};
    std::vector<std::uint32_t> argb(static_cast<std::size_t>(out.size.area()));
    openslide_read_region(slide_.get(), argb.data(), at_full(rect.x0), at_full(rect.y0), level,
                          out.size.width, out.size.height);
    if (const char* error = openslide_get_error(slide_.get()))
      throw UserError(fmt::format("{}: {}", path_, error));
    append_on_white(argb, out.bytes);
    return out;
  }

  std::string path_;
  std::unique_ptr<openslide_t, decltype(&openslide_close)> slide_;
  PixelSize full_;
  double scale_ = 1;  // pixels at full resolution a pixel of the model
};

// The squares that a slide is cut into, without what is left over at its borders.
std::vector<PixelRect> squares_of(PixelSize size, int side_wanted, int factor) {
  const std::int64_t side =
      std::min({std::int64_t{side_wanted}, size.width, size.height}) / factor * factor;
  const auto start = [&](std::int64_t length) { return length % side / 2 / factor * factor; };
  std::vector<PixelRect> out;
  for (std::int64_t y = start(size.height); y + side <= size.height; y += side)
    for (std::int64_t x = start(size.width); x + side <= size.width; x += side)
      out.push_back(PixelRect::at({x, y}, {side, side}));
  return out;
}

// splitmix64 (Steele et al. 2014): neighbours in, far apart out.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// A slide's own labels, or none.
struct SlideLabels {
  std::unique_ptr<LabelField> field;
  LabelId unknown = 0;
  int factor = 8;

  std::vector<LabelId> read(const PixelRect& rect) const {
    if (!field) return {};
    const LatentSize cells = latent_size_for(rect.size(), factor);
    std::vector<LabelId> ids(static_cast<std::size_t>(cells.area()));
    field->read(LatentRect::at({rect.x0 / factor, rect.y0 / factor}, cells), ids.data());
    return ids;
  }
  bool is_annotated(const PixelRect& rect) const {
    const std::vector<LabelId> ids = read(rect);
    return std::any_of(ids.begin(), ids.end(), [&](LabelId id) { return id != unknown; });
  }
};

std::vector<PixelRect> choose_regions(const ScaledSlide& slide, const SlideLabels& labels,
                                      const ImageSetOptions& options, const std::string& path) {
  struct Candidate {
    bool unlabelled;
    std::uint64_t order;
    PixelRect rect;
  };
  const std::vector<PixelRect> squares =
      squares_of(slide.size(), options.region_side, options.factor);
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < squares.size(); ++i)
    candidates.push_back({!labels.is_annotated(squares[i]), mixed(i), squares[i]});
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.unlabelled, a.order) < std::pair(b.unlabelled, b.order);
  });
  std::vector<PixelRect> chosen;
  for (const Candidate& candidate : candidates) {
    if (chosen.size() == static_cast<std::size_t>(options.regions)) break;
    if (slide.tissue_share(candidate.rect) >= kLeastTissue) chosen.push_back(candidate.rect);
  }
  if (chosen.empty())
    throw UserError(
        fmt::format("{}: has no tissue: none of its {} regions of {}x{} px is a quarter of it",
                    path, squares.size(), options.region_side, options.region_side));
  return chosen;
}

}  // namespace

std::vector<TrainingImage> read_slide(const TrainingSlide& file, const LabelSet& set,
                                      const ImageSetOptions& options) {
  const ScaledSlide slide(file.file, options.mpp);
  SlideLabels labels{nullptr, set.unknown(), options.factor};
  if (!file.labels.empty())
    labels.field = read_annotations(file.labels, set, {slide.full(), slide.size(), options.factor});
  const bool whole = slide.size().area() <= kWhole;
  const std::vector<PixelRect> regions =
      whole ? std::vector{PixelRect::of(slide.size())}
            : choose_regions(slide, labels, options, file.file.string());
  std::vector<TrainingImage> out;
  for (const PixelRect& rect : regions) {
    const std::string place = whole ? "" : fmt::format(" at {},{}", rect.x0, rect.y0);
    out.push_back({file.file.stem().string() + place, rect.size(), slide.read(rect),
                   labels.read(rect), labels.field != nullptr});
  }
  return out;
}

}  // namespace histoloom
