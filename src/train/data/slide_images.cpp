#include "slide_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "histoloom/core/error.h"
#include "histoloom/labels/annotation_file.h"
#include "histoloom/pictures/bare_glass.h"
#include "histoloom/pictures/scaled_picture.h"

namespace histoloom {

namespace {

constexpr std::int64_t kWhole = std::int64_t{1} << 24;  // pixels of a slide that is read whole
constexpr double kSameResolution = 0.05;
constexpr double kLeastTissue = 0.25;   // of a region
constexpr double kOverviewShrink = 16;  // pixels of the model a pixel in which tissue is looked for

std::unique_ptr<PictureFile> open_training_slide(const std::filesystem::path& path) {
  std::unique_ptr<PictureFile> file = open_picture(path);
  if (!file->by_tiles())
    throw UserError(fmt::format("{}: is not a slide that OpenSlide reads", path.string()));
  require_rgb(path, file->channels());
  return file;
}

// Pixels of the slide along a pixel of a model of `mpp` microns a pixel; 0: as the slide is.
double shrink_to(double mpp, const PictureFile& slide) {
  const std::optional<double> own = slide.mpp();
  if (!own || mpp <= 0 || std::abs(mpp / *own - 1) <= kSameResolution) return 1;
  if (*own > mpp)
    throw UserError(
        fmt::format("{}: has {:.3g} microns a pixel, the model {:.3g}; a slide that is coarser "
                    "than the model can't teach it",
                    slide.path().string(), *own, mpp));
  return mpp / *own;
}

// The share of a rectangle that doesn't look like glass, from a level that is coarse enough to be
// read quickly, if the slide has one.
double tissue_share(const ScaledPicture& slide, const PixelRect& rect) {
  const Picture rgb = slide.overview(rect, kOverviewShrink);
  std::int64_t tissue = 0;
  for (std::size_t i = 0; i < rgb.samples.size(); i += 3)
    tissue += !looks_like_glass({static_cast<double>(rgb.samples[i]),
                                 static_cast<double>(rgb.samples[i + 1]),
                                 static_cast<double>(rgb.samples[i + 2])});
  return static_cast<double>(tissue) / static_cast<double>(rgb.size.area());
}

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
    const CellSize cells = latent_size_for(rect.size(), factor);
    std::vector<LabelId> ids(static_cast<std::size_t>(cells.area()));
    field->read(CellRect::at({rect.x0 / factor, rect.y0 / factor}, cells), ids.data());
    return ids;
  }
  bool is_annotated(const PixelRect& rect) const {
    const std::vector<LabelId> ids = read(rect);
    return std::any_of(ids.begin(), ids.end(), [&](LabelId id) { return id != unknown; });
  }
};

std::vector<PixelRect> choose_regions(const ScaledPicture& slide, const SlideLabels& labels,
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
    if (tissue_share(slide, candidate.rect) >= kLeastTissue) chosen.push_back(candidate.rect);
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
  const std::unique_ptr<PictureFile> full = open_training_slide(file.file);
  const ScaledPicture slide(*full, shrink_to(options.mpp, *full));
  SlideLabels labels{nullptr, set.unknown(), options.factor};
  if (!file.labels.empty())
    labels.field = read_annotations(file.labels, set, {full->size(), slide.size(), options.factor});
  const bool whole = slide.size().area() <= kWhole;
  const std::vector<PixelRect> regions =
      whole ? std::vector{PixelRect::of(slide.size())}
            : choose_regions(slide, labels, options, file.file.string());
  std::vector<TrainingImage> out;
  for (const PixelRect& rect : regions) {
    const std::string place = whole ? "" : fmt::format(" at {},{}", rect.x0, rect.y0);
    out.push_back({file.file.stem().string() + place, rect.size(), slide.region(rect).samples,
                   labels.read(rect), labels.field != nullptr});
  }
  return out;
}

}  // namespace histoloom
