// JPEG through libjpeg-turbo: abbreviated streams that share their tables (TIFF's tag 347).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "block.h"

namespace histoloom::pyramid {

// One a thread. Streams have no JFIF and no Adobe marker: colour is YCbCr (three channels) or grey,
// as the TIFF's Photometric says.
class JpegEncoder {
 public:
  // `subsampled` is 4:2:0, else 4:4:4; without effect on one channel.
  JpegEncoder(int channels, int quality, bool subsampled);
  ~JpegEncoder();
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;

  // Replaces `out` by the stream of rows[0..height), each of `width` pixels, without tables.
  void encode(const std::vector<const std::uint8_t*>& rows, std::int64_t width,
              std::vector<std::uint8_t>& out);

  // The tables that the streams leave out, a stream of its own.
  std::vector<std::uint8_t> tables();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom::pyramid
