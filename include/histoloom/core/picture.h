// Pictures in memory: samples of 8 bits, rows from the top down.
//
// A Picture owns its samples; a PictureView looks at somebody's, whatever lies between their rows,
// and is what functions take that only read. Samples of a pixel lie side by side: one for grey
// values and label ids, R, G, B for colours.
//
// Example: a picture of 40 × 30 px in RGB, with 128 bytes from row to row. Sample c of the pixel
// (x, y) is data[128·y + 3·x + c]; 8 bytes after every row are nobody's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "histoloom/core/geometry.h"

namespace histoloom {

struct PictureView {
  const std::uint8_t* data = nullptr;  // the first sample of the first row
  PixelSize size;
  int channels = 3;  // samples a pixel
  // Bytes from a row to the next, at least size.width × channels; 0: all rows are the same one.
  std::ptrdiff_t stride = 0;

  const std::uint8_t* row(std::int64_t y) const { return data + y * stride; }
  // The first sample of a pixel inside the picture.
  const std::uint8_t* at(std::int64_t x, std::int64_t y) const { return row(y) + channels * x; }
};

struct Picture {
  PixelSize size;
  std::vector<std::uint8_t> samples;  // size.height × size.width × channels, without gaps
  int channels = 3;

  // The first sample of a pixel inside the picture.
  const std::uint8_t* at(std::int64_t x, std::int64_t y) const {
    return samples.data() + offset(x, y);
  }
  std::uint8_t* at(std::int64_t x, std::int64_t y) { return samples.data() + offset(x, y); }

  // A view of the whole picture, as long as the picture is there and keeps its size.
  PictureView view() const {
    return {samples.data(), size, channels, static_cast<std::ptrdiff_t>(size.width * channels)};
  }

 private:
  std::size_t offset(std::int64_t x, std::int64_t y) const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(y * size.width + x);
  }
};

}  // namespace histoloom
