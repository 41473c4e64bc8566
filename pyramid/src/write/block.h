// Views of 8-bit, interleaved pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace histoloom::pyramid {

// `height` rows of `width` pixels of `channels` bytes; row y starts at data + y * stride.
struct Block {
  const std::uint8_t* data = nullptr;
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::ptrdiff_t stride = 0;
  int channels = 0;

  const std::uint8_t* row(std::int64_t y) const { return data + y * stride; }
};

// An image in memory: rows without gaps.
struct Raster {
  std::int64_t width = 0;
  std::int64_t height = 0;
  int channels = 3;
  std::vector<std::uint8_t> pixels;

  Raster() = default;
  Raster(std::int64_t w, std::int64_t h, int c, std::uint8_t value)
      : width(w), height(h), channels(c), pixels(static_cast<std::size_t>(w * h * c), value) {}
  std::ptrdiff_t stride() const { return width * channels; }
  std::uint8_t* row(std::int64_t y) { return pixels.data() + y * stride(); }
  Block block() const { return {pixels.data(), width, height, stride(), channels}; }
  Block rows(std::int64_t y, std::int64_t count) const {
    return {pixels.data() + y * stride(), width, count, stride(), channels};
  }
};

// True when all pixels are equal.
bool is_uniform(const Block& block);

}  // namespace histoloom::pyramid
