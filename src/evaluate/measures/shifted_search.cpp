#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "fourier.h"
#include "histoloom/core/error.h"
#include "histoloom/evaluate/copying.h"
#include "laned_product.h"
#include "orientations.h"
#include "planes.h"
#include "standardised.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

constexpr float kLowest = -2;  // below any correlation

struct Peak {
  float height = kLowest;  // a correlation
  PixelPoint place;        // upper left corner of the window
};

// Sums of values and of their squares over the rectangles from the upper left corner.
class SumTables {
 public:
  explicit SumTables(const Plane& plane)
      : width_(plane.size.width + 1),
        sums_(static_cast<std::size_t>(width_ * (plane.size.height + 1))),
        squares_(sums_.size()) {
    for (std::int64_t y = 0; y < plane.size.height; ++y) {
      double sum = 0, square = 0;
      for (std::int64_t x = 0; x < plane.size.width; ++x) {
        const double v = plane.at(x, y);
        sums_[at(x + 1, y + 1)] = sums_[at(x + 1, y)] + (sum += v);
        squares_[at(x + 1, y + 1)] = squares_[at(x + 1, y)] + (square += v * v);
      }
    }
  }
  Moments of(const PixelRect& rect) const {
    const auto pixels = static_cast<double>(rect.area());
    const double mean = in(sums_, rect) / pixels;
    return {mean, in(squares_, rect) / pixels - mean * mean};
  }

 private:
  std::size_t at(std::int64_t x, std::int64_t y) const {
    return static_cast<std::size_t>(y * width_ + x);
  }
  double in(const std::vector<double>& table, const PixelRect& r) const {
    return table[at(r.x1, r.y1)] - table[at(r.x0, r.y1)] - table[at(r.x1, r.y0)] +
           table[at(r.x0, r.y0)];
  }

  std::int64_t width_;
  std::vector<double> sums_, squares_;
};

// For each square of `side` px in the plane, by its upper left corner: `factor` over the length of
// its values less their mean; 0 where they are all the same.
Plane inverse_lengths(const Plane& plane, std::int64_t side, double factor = 1) {
  const SumTables sums(plane);
  Plane out{{plane.size.width - side + 1, plane.size.height - side + 1}, {}};
  out.values.reserve(static_cast<std::size_t>(out.size.area()));
  for (std::int64_t y = 0; y < out.size.height; ++y)
    for (std::int64_t x = 0; x < out.size.width; ++x)
      out.values.push_back(static_cast<float>(
          factor / static_cast<double>(side) *
          inverse_deviation(sums.of(PixelRect::at({x, y}, {side, side})), kFlat)));
  return out;
}

// Copies a plane to the upper left of a square's real or imaginary part.
void lay_into(std::vector<float>& square, std::size_t side, const Plane& plane, float factor) {
  for (std::int64_t y = 0; y < plane.size.height; ++y)
    for (std::int64_t x = 0; x < plane.size.width; ++x)
      square[static_cast<std::size_t>(y) * side + static_cast<std::size_t>(x)] =
          factor * plane.at(x, y);
}

// An image in one of its orientations.
struct Way {
  Plane plane;                    // grey values less the image's mean
  ComplexSquare<float> spectrum;  // of the reduced plane
  Plane scale;                    // what makes correlations of the reduced plane's products
};

// What matches in an image are called by.
struct ImagePart {
  std::size_t index = 0;
  PixelPoint corner;
  PixelSize size;
};

// The highest of products · scale; the first one of equals.
Peak highest(const std::vector<float>& products, std::size_t side, const Plane& scale) {
  Peak best;
  for (std::int64_t y = 0; y < scale.size.height; ++y) {
    const float* row = products.data() + static_cast<std::size_t>(y) * side;
    for (std::int64_t x = 0; x < scale.size.width; ++x)
      if (const float height = row[x] * scale.at(x, y); height > best.height)
        best = {height, {x, y}};
  }
  return best;
}

// The highest correlation of a standardised patch with the windows of `plane` whose corners lie at
// most `reach` px from `about` along both axes.
Peak highest_near(const Plane& patch, const Plane& plane, PixelPoint about, std::int64_t reach) {
  const std::int64_t side = patch.size.width;
  const PixelRect area =
      intersect({about.x - reach, about.y - reach, about.x + side + reach, about.y + side + reach},
                PixelRect::of(plane.size));
  const Plane near = crop(plane, area);
  const Plane scale = inverse_lengths(near, side);
  Peak best;
  for (std::int64_t y = 0; y < scale.size.height; ++y) {
    for (std::int64_t x = 0; x < scale.size.width; ++x) {
      double product = 0;
      for (std::int64_t row = 0; row < side; ++row)
        product += laned_product<16>(patch.values.data() + row * side,
                                     near.values.data() + (y + row) * near.size.width + x,
                                     static_cast<std::size_t>(side));
      const auto height = static_cast<float>(product * static_cast<double>(scale.at(x, y)));
      if (height > best.height) best = {height, {area.x0 + x, area.y0 + y}};
    }
  }
  return best;
}

// Keeps the highest `count` heights, the lowest of them first; whether this is one of them.
bool keep_if_high(std::vector<float>& heights, float height, std::size_t count) {
  if (heights.size() == count) {
    if (height <= heights.front()) return false;
    std::pop_heap(heights.begin(), heights.end(), std::greater<>());
    heights.pop_back();
  }
  heights.push_back(height);
  std::push_heap(heights.begin(), heights.end(), std::greater<>());
  return true;
}

// Room for the way from a product of transforms to the sums of products.
struct Scratch {
  explicit Scratch(std::size_t side) : product(side), turned(side), sums(side) {}
  ComplexSquare<float> product, turned, sums;
};

// Transforms the product of two squares back, n² times as large, as far as `wanted` reaches.
void transform_product_back(const FourierTransform<float>& fourier, const ComplexSquare<float>& a,
                            const ComplexSquare<float>& b, PixelSize wanted, Scratch& scratch) {
  for (std::size_t i = 0; i < a.re.size(); ++i) {
    // Real and imaginary parts change places before and after, which makes the inverse.
    scratch.product.im[i] = a.re[i] * b.re[i] - a.im[i] * b.im[i];
    scratch.product.re[i] = a.re[i] * b.im[i] + a.im[i] * b.re[i];
  }
  const auto width = static_cast<std::size_t>(wanted.width),
             height = static_cast<std::size_t>(wanted.height);
  fourier.columns_to_rows(scratch.product, scratch.turned, fourier.side(), height);
  fourier.columns_to_rows(scratch.turned, scratch.sums, height, width);
  std::swap(scratch.sums.re, scratch.sums.im);
}

}  // namespace

struct ShiftedSearch::State {
  Pictures patches;
  ShiftedSearchOptions options;
  std::int64_t side;  // of a patch
  FourierTransform<float> fourier;
  std::vector<ComplexSquare<float>> pairs;  // transforms of patches 2i and 2i + 1
  std::vector<std::vector<float>> heights;  // of each patch: those that were looked at in full
  std::vector<Match> best;

  State(Pictures p, const ShiftedSearchOptions& o)
      : patches(p),
        options(o),
        side(p[0].size.width),
        fourier(static_cast<std::size_t>(2 * side / o.shrink)),
        pairs((p.size() + 1) / 2, ComplexSquare<float>(fourier.side())),
        heights(p.size()),
        best(p.size(), Match{static_cast<double>(kLowest), 0, 0, false}) {}

  ComplexSquare<float> transform_of_pair(std::size_t pair) const;
  Way way_of(Plane plane) const;
  void look_for_pair(std::size_t pair, const std::vector<Way>& ways, const ImagePart& image);
  void look_in_full(std::size_t patch, std::size_t orientation, const Way& way, const Peak& reduced,
                    const ImagePart& image);
};

// Of a − i · b, conjugated: its product with an image's transform becomes, transformed back, the
// sums of products with a in the real part and with b in the imaginary one.
ComplexSquare<float> ShiftedSearch::State::transform_of_pair(std::size_t pair) const {
  ComplexSquare<float> out(fourier.side());
  const auto reduced = [&](std::size_t i) {
    return standardised(shrunk(grey_plane(patches[i]), options.shrink));
  };
  lay_into(out.re, out.side, reduced(2 * pair), 1);
  if (2 * pair + 1 < patches.size()) lay_into(out.im, out.side, reduced(2 * pair + 1), -1);
  fourier.transform(out);
  for (float& v : out.im) v = -v;
  return out;
}

Way ShiftedSearch::State::way_of(Plane plane) const {
  Way out{std::move(plane), ComplexSquare<float>(fourier.side()), {}};
  const Plane reduced = shrunk(out.plane, options.shrink);
  lay_into(out.spectrum.re, out.spectrum.side, reduced, 1);
  fourier.transform(out.spectrum);
  const auto n = static_cast<double>(fourier.side());
  out.scale = inverse_lengths(reduced, side / options.shrink, 1 / (n * n));
  return out;
}

// Looks at a window and those beside it in full if it is among the best so far.
void ShiftedSearch::State::look_in_full(std::size_t patch, std::size_t orientation, const Way& way,
                                        const Peak& reduced, const ImagePart& image) {
  if (!keep_if_high(heights[patch], reduced.height, options.refined)) return;
  const PixelPoint about{reduced.place.x * options.shrink, reduced.place.y * options.shrink};
  const Peak exact =
      highest_near(standardised(grey_plane(patches[patch])), way.plane, about, options.shrink - 1);
  const auto correlation = static_cast<double>(exact.height);
  if (correlation <= best[patch].correlation) return;
  // The image was turned, not the patch.
  const std::size_t turned = undoing(orientation);
  const PixelPoint place = place_before(exact.place, side, orientation, image.size);
  best[patch] = {correlation,
                 image.index,
                 static_cast<int>(turned % 4),
                 turned >= 4,
                 {image.corner.x + place.x, image.corner.y + place.y}};
}

void ShiftedSearch::State::look_for_pair(std::size_t pair, const std::vector<Way>& ways,
                                         const ImagePart& image) {
  Scratch scratch(fourier.side());
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const Plane& scale = ways[i].scale;
    transform_product_back(fourier, ways[i].spectrum, pairs[pair], scale.size, scratch);
    look_in_full(2 * pair, i, ways[i], highest(scratch.sums.re, fourier.side(), scale), image);
    if (2 * pair + 1 < patches.size())
      look_in_full(2 * pair + 1, i, ways[i], highest(scratch.sums.im, fourier.side(), scale),
                   image);
  }
}

ShiftedSearch::ShiftedSearch(Pictures patches, const ShiftedSearchOptions& options) {
  check_internal(!patches.empty(), "no patch to look for");
  check_internal(options.shrink >= 1 && options.refined >= 1 &&
                     patches[0].size.width % (8 * options.shrink) == 0,
                 "a patch's reduced side must be a multiple of 8 px");
  for (const Picture& patch : patches)
    check_internal(patch.size == patches[0].size && patch.size.width == patch.size.height,
                   "patches must be squares of one size");
  state_ = std::make_unique<State>(patches, options);
  tbb::parallel_for(std::size_t{0}, state_->pairs.size(),
                    [&](std::size_t i) { state_->pairs[i] = state_->transform_of_pair(i); });
}

ShiftedSearch::~ShiftedSearch() = default;

void ShiftedSearch::look_in(const Picture& picture, std::size_t index, PixelPoint corner) {
  State& s = *state_;
  const auto [shorter, longer] = std::minmax({picture.size.width, picture.size.height});
  check_internal(shorter >= s.side && longer <= 2 * s.side,
                 "an image must have one to two patches a side");
  Plane grey = grey_plane(picture);
  shift_and_scale(grey.values, moments_of(grey.values).mean, 1);
  std::array<Plane, kOrientations> planes = orientations(std::move(grey));
  std::vector<Way> ways(kOrientations, Way{{}, ComplexSquare<float>(2), {}});
  tbb::parallel_for(std::size_t{0}, ways.size(),
                    [&](std::size_t i) { ways[i] = s.way_of(std::move(planes[i])); });
  tbb::parallel_for(std::size_t{0}, s.pairs.size(), [&](std::size_t pair) {
    stop_if_asked(s.options.progress);
    s.look_for_pair(pair, ways, {index, corner, picture.size});
  });
}

std::vector<Match> ShiftedSearch::matches() const {
  check_internal(state_->best[0].correlation > static_cast<double>(kLowest),
                 "no image was looked in");
  return state_->best;
}

}  // namespace histoloom::evaluate
