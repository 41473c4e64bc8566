#include "histoloom/diffusion/context.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace histoloom {

namespace {

constexpr int kContextColours = 3;

// Samples along one axis of a view: which pixels they take, and how much of each.
class AxisTaps {
 public:
  // `count` samples `step` pixels apart, the first at `first`, of a picture of `length` pixels.
  AxisTaps(double first, double step, std::int64_t count, std::int64_t length) {
    const double reach = std::max(1.0, step);
    for (std::int64_t i = 0; i < count; ++i) {
      const double centre = first + static_cast<double>(i) * step;
      const auto low = static_cast<std::int64_t>(std::floor(centre - reach)),
                 high = static_cast<std::int64_t>(std::ceil(centre + reach));
      Sample sample;
      float sum = 0;
      for (std::int64_t pixel = low; pixel < high; ++pixel) {
        const double away = std::abs(static_cast<double>(pixel) + 0.5 - centre);
        const auto weight = static_cast<float>(std::max(0.0, 1 - away / reach));
        if (weight == 0) continue;
        sample.push_back({std::clamp<std::int64_t>(pixel, 0, length - 1), weight});
        sum += weight;
      }
      for (Tap& tap : sample) tap.weight /= sum;
      begin_ = i == 0 ? sample.front().pixel : std::min(begin_, sample.front().pixel);
      end_ = std::max(end_, sample.back().pixel + 1);
      samples_.push_back(std::move(sample));
    }
  }

  std::int64_t begin() const { return begin_; }
  std::int64_t end() const { return end_; }
  std::size_t size() const { return samples_.size(); }
  // Sample `i` of a line whose first value is that of pixel begin().
  float sample(std::size_t i, const float* line, std::int64_t stride) const {
    float sum = 0;
    for (const Tap& tap : samples_[i]) sum += tap.weight * line[(tap.pixel - begin_) * stride];
    return sum;
  }

 private:
  struct Tap {
    std::int64_t pixel = 0;
    float weight = 0;
  };
  using Sample = std::vector<Tap>;

  std::vector<Sample> samples_;
  std::int64_t begin_ = 0, end_ = 0;
};

// The taps of one view along an axis on which the patch begins at pixel `start`.
AxisTaps axis_taps_of(const ContextView& view, double start, double pixels_a_cell, int side,
                      std::int64_t length) {
  const double step = pixels_a_cell * view.extent / view.detail;
  const double first = start + pixels_a_cell * side * (1 - view.extent) / 2;
  return {first + step / 2, step, std::int64_t{side} * view.detail, length};
}

// Fills 3·detail² planes: each of the three colours folded, as pixel_unshuffle does.
void fill_view(const ContextView& view, const AxisTaps& across, const AxisTaps& down,
               const std::vector<float>& pixels, std::int64_t side, float* out) {
  const std::int64_t width = across.end() - across.begin(), height = down.end() - down.begin();
  const auto samples = static_cast<std::int64_t>(across.size());
  std::vector<float> rows(static_cast<std::size_t>(samples * height));
  const std::int64_t d = view.detail, plane = side * side;
  for (std::int64_t c = 0; c < kContextColours; ++c) {
    const float* from = pixels.data() + c * width * height;
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t i = 0; i < samples; ++i)
        rows[static_cast<std::size_t>(y * samples + i)] =
            across.sample(static_cast<std::size_t>(i), from + y * width, 1);
    for (std::int64_t j = 0; j < samples; ++j)
      for (std::int64_t i = 0; i < samples; ++i)
        out[(c * d * d + j % d * d + i % d) * plane + j / d * side + i / d] =
            down.sample(static_cast<std::size_t>(j), rows.data() + i, samples);
  }
}

void fill_view_of(const ContextView& view, PixelSize picture, const ReadContextPicture& read,
                  const ContextPlace& place, int side, float* out) {
  const AxisTaps across = axis_taps_of(view, place.x, place.pixels_a_cell, side, picture.width),
                 down = axis_taps_of(view, place.y, place.pixels_a_cell, side, picture.height);
  const PixelRect rect{across.begin(), down.begin(), across.end(), down.end()};
  std::vector<float> pixels(static_cast<std::size_t>(kContextColours * rect.area()));
  read(rect, pixels.data());
  fill_view(view, across, down, pixels, side, out);
}

}  // namespace

void fill_context(const ContextSpec& spec, PixelSize picture, const ReadContextPicture& read,
                  const ContextPlace& place, int side, double noise, float* out) {
  const std::int64_t plane = std::int64_t{side} * side;
  for (const ContextView& view : spec.views) {
    fill_view_of(view, picture, read, place, side, out);
    out += kContextColours * view.detail * view.detail * plane;
  }
  std::fill_n(out, plane, static_cast<float>(noise));
  std::fill_n(out + plane, plane, 1.0f);
}

void fill_colours(PixelSize picture, const ReadContextPicture& read, const ContextPlace& place,
                  int side, float* out) {
  const auto detail = static_cast<std::int64_t>(std::ceil(place.pixels_a_cell - 1e-6));
  const std::int64_t samples = detail * detail, plane = std::int64_t{side} * side;
  std::vector<float> folded(static_cast<std::size_t>(kContextColours * samples * plane));
  fill_view_of({.extent = 1, .detail = static_cast<int>(detail)}, picture, read, place, side,
               folded.data());
  for (std::int64_t c = 0; c < kContextColours; ++c)
    for (std::int64_t i = 0; i < plane; ++i) {
      float sum = 0;
      for (std::int64_t s = 0; s < samples; ++s)
        sum += folded[static_cast<std::size_t>((c * samples + s) * plane + i)];
      out[c * plane + i] = sum / static_cast<float>(samples);
    }
}

PictureContext::PictureContext(ContextSpec spec, const LatentArray& picture, ContextPlace corner,
                               std::uint64_t seed)
    : spec_(std::move(spec)), picture_(picture), corner_(corner), noise_(seed) {}

ContextPlace PictureContext::place_of(LatentPoint corner) const {
  const double cell = corner_.pixels_a_cell;
  return {corner_.x + static_cast<double>(corner.x) * cell,
          corner_.y + static_cast<double>(corner.y) * cell, cell};
}

void PictureContext::read(LatentPoint corner, int side, float* out) const {
  const auto read_noisy = [this](const PixelRect& rect, float* to) {
    read_picture(rect, to);
    if (spec_.noise != 0) add_noise(rect, to);
  };
  fill_context(spec_, picture_size(), read_noisy, place_of(corner), side, spec_.noise, out);
}

void PictureContext::read_colours(LatentPoint corner, int side, float* out) const {
  fill_colours(
      picture_size(), [this](const PixelRect& rect, float* to) { read_picture(rect, to); },
      place_of(corner), side, out);
}

void PictureContext::read_picture(const PixelRect& rect, float* out) const {
  picture_.read({rect.x0, rect.y0, rect.x1, rect.y1}, out);
  for (std::int64_t i = 0; i < kContextColours * rect.area(); ++i) out[i] = 2 * out[i] - 1;
}

void PictureContext::add_noise(const PixelRect& rect, float* out) const {
  const std::int64_t plane = rect.area();
  std::array<float, kContextColours> noise{};
  for (std::int64_t i = 0; i < plane; ++i) {
    noise_.normals(NoiseDomain::context, rect.x0 + i % rect.width(), rect.y0 + i / rect.width(), 0,
                   kContextColours, 1, noise.data());
    for (std::int64_t c = 0; c < kContextColours; ++c)
      out[c * plane + i] += static_cast<float>(spec_.noise) * noise[static_cast<std::size_t>(c)];
  }
}

}  // namespace histoloom
