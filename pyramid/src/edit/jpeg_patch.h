// Changing some pixels of a JPEG stream without a loss to the others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "block.h"
#include "histoloom/core/geometry.h"

namespace histoloom::pyramid {

// The new pixels are encoded with the stream's own quantisation tables, sampling and colours; then
// the coefficients of those MCUs (the smallest block that holds all components: 8 or 16 px a side)
// that changed take the place of the old ones. What was not changed is not decoded, so it keeps its
// coefficients bit by bit. One thread at a time.
class JpegPatcher {
 public:
  // `tables`: what JPEGTables holds, may be empty. `rgb`: the components are red, green and blue,
  // as TIFF's Photometric says, whatever the markers suggest; else YCbCr.
  JpegPatcher(std::vector<std::uint8_t> tables, bool rgb);
  ~JpegPatcher();
  JpegPatcher(const JpegPatcher&) = delete;
  JpegPatcher& operator=(const JpegPatcher&) = delete;

  // Tells of a rectangle of the tile whether a pixel in it has changed.
  using Changed = std::function<bool(const PixelRect&)>;
  // The stream, baseline and with tables of its own, that shows `pixels` (RGB, the stream's size)
  // where they changed. \error UserError with libjpeg's words for a stream that can't be read.
  std::vector<std::uint8_t> patch(const std::vector<std::uint8_t>& stream, const Block& pixels,
                                  const Changed& changed);

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::vector<std::uint8_t> tables_;
  bool rgb_;
};

}  // namespace histoloom::pyramid
