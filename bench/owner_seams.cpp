#include "owner_seams.h"

#include <cstdlib>

namespace histoloom {

namespace {

// Mean absolute difference of the pixels on either side of the line between cell (y, x - 1) and
// cell (y, x), or (y - 1, x) where `vertical` is false, along the cell.
double gradient(const evaluate::Picture& picture, std::int64_t y, std::int64_t x, int factor,
                bool vertical) {
  double sum = 0;
  for (int i = 0; i < factor; ++i) {
    const std::int64_t v = y * factor + (vertical ? i : 0), u = x * factor + (vertical ? 0 : i);
    const std::uint8_t* here = picture.at(u, v);
    const std::uint8_t* before = vertical ? picture.at(u - 1, v) : picture.at(u, v - 1);
    for (int c = 0; c < 3; ++c) sum += std::abs(here[c] - before[c]);
  }
  return sum / (3.0 * factor);
}

}  // namespace

void OwnerSeams::add(const evaluate::Picture& picture, const at::Tensor& owners, int factor) {
  const std::int64_t h = picture.size.height / factor, w = picture.size.width / factor;
  const auto* owner = owners.data_ptr<std::int64_t>();
  const auto add_axis = [&](bool vertical) {
    const std::int64_t step = vertical ? 1 : w, along = vertical ? w : h;
    for (std::int64_t y = 0; y < h; ++y) {
      for (std::int64_t x = 0; x < w; ++x) {
        // Two lines on either side are what a crossing is compared with.
        const std::int64_t at = vertical ? x : y, cell = y * w + x;
        if (at < 3 || at + 2 >= along || owner[cell] == owner[cell - step]) continue;
        across_ += gradient(picture, y, x, factor, vertical);
        ++crossings_;
        for (const std::int64_t d : {-2, -1, 1, 2}) {
          if (owner[cell + d * step] != owner[cell + (d - 1) * step]) continue;
          beside_ +=
              gradient(picture, vertical ? y : y + d, vertical ? x + d : x, factor, vertical);
          ++neighbours_;
        }
      }
    }
  };
  add_axis(true);
  add_axis(false);
}

}  // namespace histoloom
