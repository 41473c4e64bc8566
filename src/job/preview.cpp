#include "preview.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "histoloom/core/picture.h"
#include "histoloom/pictures/png.h"

namespace histoloom {

namespace {

constexpr int kPreviewColours = 3;
constexpr std::int64_t kPreviewSide = 4096;

}  // namespace

void write_preview(const std::filesystem::path& path, const LatentArray& picture) {
  const LatentSize size = picture.size();
  const std::int64_t factor =
      std::max<std::int64_t>(1, divide_up(std::max(size.width, size.height), kPreviewSide));
  Picture out{{divide_up(size.width, factor), divide_up(size.height, factor)}, {}, kPreviewColours};
  out.samples.resize(static_cast<std::size_t>(kPreviewColours * out.size.area()));
  for (std::int64_t y = 0; y < out.size.height; ++y) {
    const LatentRect band{0, y * factor, size.width, std::min(size.height, (y + 1) * factor)};
    std::vector<float> values(static_cast<std::size_t>(kPreviewColours * band.area()));
    picture.read(band, values.data());
    for (std::int64_t x = 0; x < out.size.width; ++x) {
      const std::int64_t end = std::min(size.width, (x + 1) * factor);
      for (std::int64_t c = 0; c < kPreviewColours; ++c) {
        double sum = 0;
        for (std::int64_t v = 0; v < band.height(); ++v)
          for (std::int64_t u = x * factor; u < end; ++u)
            sum += static_cast<double>(
                values[static_cast<std::size_t>((c * band.height() + v) * size.width + u)]);
        const auto count = static_cast<double>(band.height() * (end - x * factor));
        out.at(x, y)[c] = static_cast<std::uint8_t>(std::lround(255 * sum / count));
      }
    }
  }
  write_png(path, out.view());
}

}  // namespace histoloom
