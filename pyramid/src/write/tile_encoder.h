// Blocks of pixels into the bytes of a tile or strip.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "block.h"
#include "histoloom/pyramid/options.h"

namespace histoloom::pyramid {

// How all tiles of a directory are compressed.
struct Encoding {
  Compression compression = Compression::jpeg;
  int channels = 3;
  int quality = 80;
  bool subsampled = true;  // JPEG's chroma
  bool predictor = false;  // horizontal differences before deflate and LZW (TIFF's predictor 2)
};

Encoding encoding_for(const WriterOptions& options);

struct Encoded {
  std::vector<std::uint8_t> bytes;
  std::uint64_t hash = 0;
};

// One a thread; the bytes depend on nothing but the pixels and the encoding.
class TileEncoder {
 public:
  explicit TileEncoder(const Encoding& encoding);
  ~TileEncoder();
  TileEncoder(const TileEncoder&) = delete;
  TileEncoder& operator=(const TileEncoder&) = delete;

  // Compresses `block` as width × height pixels; its last column and row are repeated where it is
  // smaller.
  Encoded encode(const Block& block, std::int64_t width, std::int64_t height);

  // JPEG's shared tables; empty for the other compressions.
  std::vector<std::uint8_t> tables();

 private:
  void gather(const Block& block, std::int64_t width, std::int64_t height);
  void flatten(std::int64_t width);
  void deflate_flat(std::vector<std::uint8_t>& out);

  struct Deflate;
  Encoding encoding_;
  std::unique_ptr<class JpegEncoder> jpeg_;
  std::unique_ptr<Deflate> deflate_;
  std::vector<const std::uint8_t*> rows_;  // of the padded tile
  std::vector<std::uint8_t> padded_;       // what rows_ point to where a row had to be made
  std::vector<std::uint8_t> flat_;         // the rows without gaps, predicted
  std::vector<std::uint8_t> scratch_;
};

}  // namespace histoloom::pyramid
