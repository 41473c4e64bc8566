#include "histoloom/labels/outline_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradient_noise.h"
#include "histoloom/core/error.h"
#include "histoloom/pictures/png_indices.h"
#include "histoloom/pictures/scaled_picture.h"
#include "histoloom/pictures/vips_reader.h"

namespace histoloom {

namespace {

constexpr std::uint8_t kGlassFrom = 210;
constexpr std::int64_t kMostPixels = 100'000'000;
constexpr std::int64_t kRowsOfSlide = 256;
constexpr double kProportions = 0.02;
constexpr std::uint32_t kNoiseChannel = 128;  // apart from outlines' and regions'
constexpr float kFraying = 0.6f;              // of the step from glass to tissue

// 1 where a picture shows tissue, 0 where it shows glass.
struct TissueMap {
  PixelSize size;
  std::vector<std::uint8_t> tissue;

  // Repeats its border.
  float at(std::int64_t x, std::int64_t y) const {
    x = std::clamp<std::int64_t>(x, 0, size.width - 1);
    y = std::clamp<std::int64_t>(y, 0, size.height - 1);
    return tissue[static_cast<std::size_t>(y * size.width + x)];
  }
  // Between the middles of its pixels.
  float between(double x, double y) const {
    const double left = std::floor(x - 0.5), top = std::floor(y - 0.5);
    const auto u = static_cast<float>(x - 0.5 - left), v = static_cast<float>(y - 0.5 - top);
    const auto i = static_cast<std::int64_t>(left), k = static_cast<std::int64_t>(top);
    return std::lerp(std::lerp(at(i, k), at(i + 1, k), u),
                     std::lerp(at(i, k + 1), at(i + 1, k + 1), u), v);
  }
};

void check_picture(PixelSize size, const std::string& path, CellSize slide) {
  if (size.area() > kMostPixels)
    throw UserError(
        fmt::format("--layout {} has {}x{} px; at most {} million are needed, shrink it", path,
                    size.width, size.height, kMostPixels / 1'000'000));
  const double stretch = static_cast<double>(size.width) * static_cast<double>(slide.height) /
                         (static_cast<double>(size.height) * static_cast<double>(slide.width));
  // A cell and a pixel more or less are no other proportions.
  const double slack = kProportions + 1.0 / static_cast<double>(std::min(size.width, size.height));
  if (std::abs(stretch - 1) > slack)
    throw UserError(fmt::format(
        "--layout {} has {}x{} px, which are not the proportions of the slide; change --size or "
        "crop it",
        path, size.width, size.height));
}

bool is_tissue(const std::uint8_t* colour) {
  return *std::min_element(colour, colour + 3) < kGlassFrom;
}

// A slide of any size, a pixel a cell.
TissueMap tissue_of_slide(PictureFile& file, CellSize slide) {
  const ScaledPicture shown(file, std::max(1.0, static_cast<double>(file.size().width) /
                                                    static_cast<double>(slide.width)));
  check_picture(shown.size(), file.path().string(), slide);
  TissueMap map{shown.size(), {}};
  for (std::int64_t y = 0; y < map.size.height; y += kRowsOfSlide) {
    const std::int64_t end = std::min(map.size.height, y + kRowsOfSlide);
    const Picture rows = shown.region({0, y, map.size.width, end});
    for (std::size_t i = 0; i < rows.samples.size(); i += 3)
      map.tissue.push_back(is_tissue(&rows.samples[i]));
  }
  return map;
}

TissueMap read_tissue(const std::filesystem::path& path, CellSize slide) {
  // Of a drawing in one band 0 is glass; what is clear in it would be white, and so tissue.
  if (const VipsReader stored(path); stored.bands() == 2)
    throw UserError(
        fmt::format("--layout {} has 2 bands of type {}; give a picture of 8 bits in grey or RGB",
                    path.string(), stored.format()));
  VipsReader image(path, PixelsAs::picture);
  if (image.size().area() > kMostPixels)
    if (const auto file = open_picture(path); file->is_slide())
      return tissue_of_slide(*file, slide);
  check_picture(image.size(), path.string(), slide);
  const auto bands = static_cast<std::size_t>(image.bands());
  // A palette of greys is what a program that makes PNGs smaller left of a drawing in grey.
  const auto png = read_png_encoding(path);
  const bool grey = bands == 1 || (png && png->grey_palette);
  TissueMap map{image.size(), {}};
  map.tissue.reserve(static_cast<std::size_t>(map.size.area()));
  std::vector<std::uint8_t> row(static_cast<std::size_t>(map.size.width) * bands);
  for (std::int64_t y = 0; y < map.size.height; ++y) {
    image.read_rows(y, 1, row.data());
    for (std::size_t i = 0; i < row.size(); i += bands)
      map.tissue.push_back(grey ? row[i] != 0 : is_tissue(&row[i]));
  }
  return map;
}

class PictureOutline final : public LabelField {
 public:
  PictureOutline(TissueMap map, CellSize size, const LabelSet& labels, const LayoutOptions& options)
      : map_(std::move(map)),
        size_(size),
        tissue_(labels.unknown()),
        glass_(*labels.glass()),
        pixels_a_cell_x_(static_cast<double>(map_.size.width) / static_cast<double>(size.width)),
        pixels_a_cell_y_(static_cast<double>(map_.size.height) / static_cast<double>(size.height)),
        fraying_(pixels_a_cell_x_ < 0.5 ? kFraying : 0.0f),
        noise_(CounterNoise(options.seed), kNoiseChannel, std::max(2 / pixels_a_cell_x_, 4.0)) {}
  CellSize size() const override { return size_; }

  void read(const CellRect& rect, LabelId* out) const override {
    for (std::int64_t y = rect.y0; y < rect.y1; ++y)
      for (std::int64_t x = rect.x0; x < rect.x1; ++x)
        *out++ = is_tissue(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5) ? tissue_
                                                                                       : glass_;
  }

 private:
  bool is_tissue(double x, double y) const {
    const float value = map_.between(x * pixels_a_cell_x_, y * pixels_a_cell_y_);
    if (value <= 0 || value >= 1) return value > 0;
    return value + fraying_ * noise_.at(x, y) > 0.5f;
  }

  TissueMap map_;
  CellSize size_;
  LabelId tissue_, glass_;
  double pixels_a_cell_x_, pixels_a_cell_y_;
  float fraying_;
  GradientNoise noise_;
};

}  // namespace

std::unique_ptr<LabelField> read_outline(const std::filesystem::path& path, CellSize size,
                                         const LabelSet& labels, const LayoutOptions& options) {
  if (!labels.glass())
    throw UserError(fmt::format("--layout {} needs a label of glass, but the labels are {}",
                                path.string(), labels.describe()));
  return std::make_unique<PictureOutline>(read_tissue(path, size), size, labels, options);
}

}  // namespace histoloom
