#include "laplacian_pyramid.h"

#include <array>

namespace histoloom::evaluate {

namespace {

constexpr std::array<float, 5> kKernel{1 / 16.0f, 4 / 16.0f, 6 / 16.0f, 4 / 16.0f, 1 / 16.0f};

// The index mirrored about the first and the last sample, which are not repeated.
std::int64_t mirrored(std::int64_t i, std::int64_t n) {
  if (i < 0) i = -i;
  return i < n ? i : 2 * (n - 1) - i;
}

// Filters along x, keeping every `step`-th sample, and turns rows into columns: twice is both axes.
Plane filtered_turned(const Plane& in, std::int64_t step, float gain) {
  const std::int64_t width = in.size.width / step;
  Plane out{{in.size.height, width},
            std::vector<float>(static_cast<std::size_t>(in.size.height * width))};
  for (std::int64_t y = 0; y < in.size.height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      float sum = 0;
      for (std::int64_t k = 0; k < 5; ++k)
        sum += kKernel[static_cast<std::size_t>(k)] *
               in.at(mirrored(step * x + k - 2, in.size.width), y);
      out.at(y, x) = gain * sum;
    }
  }
  return out;
}

Plane filtered(const Plane& in, std::int64_t step, float gain) {
  return filtered_turned(filtered_turned(in, step, gain), step, gain);
}

}  // namespace

Plane shrunk(const Plane& plane) { return filtered(plane, 2, 1); }

Plane expanded(const Plane& plane) {
  Plane sparse{{2 * plane.size.width, 2 * plane.size.height},
               std::vector<float>(4 * plane.values.size())};
  for (std::int64_t y = 0; y < plane.size.height; ++y)
    for (std::int64_t x = 0; x < plane.size.width; ++x) sparse.at(2 * x, 2 * y) = plane.at(x, y);
  return filtered(sparse, 1, 2);
}

std::vector<Planes> laplacian_pyramid(const Picture& picture, std::int64_t smallest_side) {
  std::vector<Planes> levels(1);
  for (std::size_t c = 0; c < kChannels; ++c) levels[0].push_back(channel_plane(picture, c));
  for (std::int64_t side = picture.size.width; side > smallest_side; side /= 2) {
    Planes coarse;
    for (Plane& plane : levels.back()) {
      coarse.push_back(shrunk(plane));
      const Plane rough = expanded(coarse.back());
      for (std::size_t i = 0; i < plane.values.size(); ++i) plane.values[i] -= rough.values[i];
    }
    levels.push_back(std::move(coarse));
  }
  return levels;
}

}  // namespace histoloom::evaluate
