// Pictures that tests/evaluate/reference.py makes too, and images on disk.
#pragma once

#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cstdlib>

#include "histoloom/evaluate/picture_ops.h"
#include "histoloom/pictures/vips.h"
#include "support/scratch.h"

namespace histoloom::evaluate {

inline std::uint32_t test_hash(std::uint32_t x, std::uint32_t y, std::uint32_t c,
                               std::uint32_t seed) {
  std::uint32_t h = x * 7919u + y * 104729u + c * 1299709u + seed * 15485863u;
  h ^= h >> 15;
  h *= 2246822519u;
  h ^= h >> 13;
  return h;
}

inline std::uint8_t test_value(std::uint32_t x, std::uint32_t y, std::uint32_t c,
                               std::uint32_t seed) {
  const std::uint32_t t = (2 * x + 3 * y + 29 * seed) % 128;
  const std::uint32_t wave = t < 64 ? t : 127 - t;
  return static_cast<std::uint8_t>(60 + 2 * wave + test_hash(x, y, c, seed) % 64 - 20 * c);
}

// Waves with noise, another picture for another seed.
inline Picture test_picture(PixelSize size, std::uint32_t seed) {
  Picture out{size, {}};
  for (std::int64_t y = 0; y < size.height; ++y)
    for (std::int64_t x = 0; x < size.width; ++x)
      for (std::uint32_t c = 0; c < 3; ++c)
        out.samples.push_back(
            test_value(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), c, seed));
  return out;
}

// Values at every 8th pixel, interpolated, with grain: nothing repeats, as in tissue.
inline Picture blob_picture(PixelSize size, std::uint32_t seed) {
  Picture out{size, {}};
  const auto height = static_cast<std::uint32_t>(size.height),
             width = static_cast<std::uint32_t>(size.width);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      std::uint32_t sum = 0;
      for (std::uint32_t k = 0; k < 4; ++k) {
        const std::uint32_t i = k % 2, j = k / 2;
        const std::uint32_t across = i == 1 ? x % 8 : 8 - x % 8, down = j == 1 ? y % 8 : 8 - y % 8;
        sum += across * down * (test_hash(x / 8 + i, y / 8 + j, 7, seed) % 160);
      }
      for (std::uint32_t c = 0; c < 3; ++c)
        out.samples.push_back(static_cast<std::uint8_t>(
            40 + sum / 64 + test_hash(x, y, c, seed + 1000) % 16 - 10 * c));
    }
  }
  return out;
}

inline std::vector<Picture> test_pictures(std::int64_t side, std::uint32_t first, int count) {
  std::vector<Picture> out;
  for (int i = 0; i < count; ++i)
    out.push_back(test_picture({side, side}, first + static_cast<std::uint32_t>(i)));
  return out;
}

inline Picture plain_picture(PixelSize size, std::array<std::uint8_t, 3> colour) {
  Picture out{size, {}};
  for (std::int64_t i = 0; i < size.area(); ++i)
    out.samples.insert(out.samples.end(), colour.begin(), colour.end());
  return out;
}

// Writes `bytes`, bands interleaved, as a PNG, or as a tiled TIFF, which OpenSlide reads; of the
// latter, its microns a pixel and whether it has coarser levels.
inline void write_image(const std::filesystem::path& path, PixelSize size, int bands,
                        const std::vector<std::uint8_t>& bytes, double mpp = 0,
                        bool pyramid = false) {
  start_vips();
  const VipsPtr<VipsImage> image(
      vips_image_new_from_memory(bytes.data(), bytes.size(), static_cast<int>(size.width),
                                 static_cast<int>(size.height), bands, VIPS_FORMAT_UCHAR));
  const bool tiff = path.extension() == ".tif";
  const double resolution = mpp > 0 ? 1000 / mpp : 1;  // pixels a millimetre
  ASSERT_EQ(tiff ? vips_tiffsave(image.get(), path.c_str(), "tile", 1, "pyramid", pyramid ? 1 : 0,
                                 "tile-width", 64, "tile-height", 64, "xres", resolution, "yres",
                                 resolution, nullptr)
                 : vips_pngsave(image.get(), path.c_str(), nullptr),
            0)
      << vips_error_buffer();
}

inline void write_picture(const std::filesystem::path& path, const Picture& picture, double mpp = 0,
                          bool pyramid = false) {
  write_image(path, picture.size, 3, picture.samples, mpp, pyramid);
}

// Two sets of three that reference.py has too.
inline const std::vector<Picture>& first() {
  static const std::vector<Picture> set = test_pictures(32, 1, 3);
  return set;
}
inline const std::vector<Picture>& second() {
  static const std::vector<Picture> set = test_pictures(32, 4, 3);
  return set;
}

}  // namespace histoloom::evaluate
