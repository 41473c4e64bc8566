#include "histoloom/evaluate/lattice.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace histoloom::evaluate {

namespace {

struct PlaceSums {
  double sum = 0, squares = 0, count = 0;
};

// Adds a channel's differences to the sums of their places, [cell, cell].
void add_differences(std::vector<PlaceSums>& places, const Plane& plane, std::int64_t cell) {
  for (std::int64_t y = 1; y + 1 < plane.size.height; ++y)
    for (std::int64_t x = 1; x + 1 < plane.size.width; ++x) {
      const auto value = static_cast<double>(plane.at(x, y));
      double around = -value;
      for (std::int64_t dy = -1; dy <= 1; ++dy)
        for (std::int64_t dx = -1; dx <= 1; ++dx)
          around += static_cast<double>(plane.at(x + dx, y + dy));
      const double difference = value - around / 8;
      PlaceSums& place = places[static_cast<std::size_t>(y % cell * cell + x % cell)];
      place.sum += difference;
      place.squares += difference * difference;
      ++place.count;
    }
}

}  // namespace

LatticeMeasure measure_lattice(Pictures pictures, std::int64_t cell) {
  LatticeMeasure out{0, 1};
  for (std::size_t channel = 0; channel < kChannels; ++channel) {
    std::vector<PlaceSums> places(static_cast<std::size_t>(cell * cell));
    for (const Picture& picture : pictures)
      add_differences(places, channel_plane(picture, channel), cell);
    std::erase_if(places, [](const PlaceSums& place) { return place.count == 0; });
    std::vector<double> sizes;
    for (const PlaceSums& place : places) {
      out.largest_mean = std::max(out.largest_mean, std::abs(place.sum / place.count));
      sizes.push_back(std::sqrt(place.squares / place.count));
    }
    std::sort(sizes.begin(), sizes.end());
    const double median = sizes[sizes.size() / 2];
    if (median > 0) out.largest_spread = std::max(out.largest_spread, sizes.back() / median);
  }
  return out;
}

}  // namespace histoloom::evaluate
