#include "histoloom/evaluate/picture_ops.h"

#include <algorithm>
#include <array>

#include "histoloom/core/error.h"
#include "histoloom/pictures/bare_glass.h"
#include "planes.h"

namespace histoloom::evaluate {

namespace {

constexpr std::int64_t kBlock = 8;  // px

bool is_glass(const Picture& picture, const PixelRect& block) {
  std::array<double, kChannels> mean{};
  for (std::int64_t y = block.y0; y < block.y1; ++y)
    for (std::int64_t x = block.x0; x < block.x1; ++x)
      for (std::size_t c = 0; c < kChannels; ++c) mean[c] += picture.at(x, y)[c];
  for (double& v : mean) v /= static_cast<double>(block.area());
  return looks_like_glass(mean);
}

template <class Value>
Plane plane_of(const Picture& picture, Value&& value) {
  Plane plane{picture.size, {}};
  plane.values.reserve(picture.samples.size() / kChannels);
  for (std::size_t i = 0; i < picture.samples.size(); i += kChannels)
    plane.values.push_back(value(picture.samples.data() + i));
  return plane;
}

}  // namespace

Picture crop(const Picture& picture, const PixelRect& rect) {
  check_internal(PixelRect::of(picture.size).contains(rect), "a crop reaches out of its picture");
  Picture out{rect.size(), {}};
  out.samples.reserve(kChannels * static_cast<std::size_t>(rect.area()));
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    const std::uint8_t* row = picture.at(rect.x0, y);
    out.samples.insert(out.samples.end(), row,
                       row + kChannels * static_cast<std::size_t>(rect.width()));
  }
  return out;
}

Picture transposed(const Picture& picture) {
  Picture out{{picture.size.height, picture.size.width},
              std::vector<std::uint8_t>(picture.samples.size())};
  for (std::int64_t y = 0; y < picture.size.height; ++y)
    for (std::int64_t x = 0; x < picture.size.width; ++x)
      std::copy_n(picture.at(x, y), kChannels, out.at(y, x));
  return out;
}

Plane channel_plane(const Picture& picture, std::size_t channel) {
  return plane_of(picture,
                  [channel](const std::uint8_t* p) { return static_cast<float>(p[channel]); });
}

Plane grey_plane(const Picture& picture) {
  return plane_of(picture, [](const std::uint8_t* p) {
    return 0.299f * static_cast<float>(p[0]) + 0.587f * static_cast<float>(p[1]) +
           0.114f * static_cast<float>(p[2]);
  });
}

double glass_share(const Picture& picture) {
  std::int64_t glass = 0, blocks = 0;
  for (std::int64_t y = 0; y < picture.size.height; y += kBlock) {
    for (std::int64_t x = 0; x < picture.size.width; x += kBlock, ++blocks) {
      const PixelRect block = PixelRect::at({x, y}, {kBlock, kBlock});
      glass += is_glass(picture, intersect(block, PixelRect::of(picture.size)));
    }
  }
  return blocks == 0 ? 0 : static_cast<double>(glass) / static_cast<double>(blocks);
}

Plane shrunk(const Plane& plane, std::int64_t by) {
  Plane out{{plane.size.width / by, plane.size.height / by}, {}};
  out.values.reserve(static_cast<std::size_t>(out.size.area()));
  for (std::int64_t y = 0; y < out.size.height; ++y) {
    for (std::int64_t x = 0; x < out.size.width; ++x) {
      float sum = 0;
      for (std::int64_t row = by * y; row < by * (y + 1); ++row)
        for (std::int64_t column = by * x; column < by * (x + 1); ++column)
          sum += plane.at(column, row);
      out.values.push_back(sum / static_cast<float>(by * by));
    }
  }
  return out;
}

Plane crop(const Plane& plane, const PixelRect& rect) {
  check_internal(PixelRect::of(plane.size).contains(rect), "a crop reaches out of its plane");
  Plane out{rect.size(), {}};
  out.values.reserve(static_cast<std::size_t>(rect.area()));
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    const float* row = plane.values.data() + y * plane.size.width;
    out.values.insert(out.values.end(), row + rect.x0, row + rect.x1);
  }
  return out;
}

}  // namespace histoloom::evaluate
