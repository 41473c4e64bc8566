#include "tile_encoder.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "hash.h"
#include "histoloom/core/error.h"
#include "jpeg_encoder.h"
#include "lzw.h"

namespace histoloom::pyramid {

struct TileEncoder::Deflate {
  z_stream stream{};
  Deflate() { check_internal(deflateInit(&stream, 6) == Z_OK, "zlib could not be set up"); }
  ~Deflate() { deflateEnd(&stream); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;
};

Encoding encoding_for(const WriterOptions& options) {
  const bool subsampled = options.chroma == Chroma::subsampled ||
                          (options.chroma == Chroma::automatic && options.quality < 90);
  const bool packed =
      options.compression == Compression::deflate || options.compression == Compression::lzw;
  // Differences between class ids mean nothing and compress worse.
  return {options.compression, options.channels, options.quality,
          subsampled && options.channels == 3, packed && options.reduction == Reduction::mean};
}

TileEncoder::TileEncoder(const Encoding& encoding) : encoding_(encoding) {
  if (encoding.compression == Compression::jpeg) {
    jpeg_ = std::make_unique<JpegEncoder>(encoding.channels, encoding.quality, encoding.subsampled);
  } else if (encoding.compression == Compression::deflate) {
    deflate_ = std::make_unique<Deflate>();
  }
}

TileEncoder::~TileEncoder() = default;

// Points rows_ at the block's rows, or at copies with the last pixel repeated.
void TileEncoder::gather(const Block& block, std::int64_t width, std::int64_t height) {
  const auto pixel = static_cast<std::size_t>(block.channels);
  const auto used = static_cast<std::size_t>(block.width) * pixel;
  const auto full = static_cast<std::size_t>(width) * pixel;
  const bool narrow = used < full;
  if (narrow) padded_.resize(static_cast<std::size_t>(block.height) * full);
  rows_.resize(static_cast<std::size_t>(height));
  for (std::int64_t y = 0; y < block.height; ++y) {
    const std::uint8_t* row = block.row(y);
    if (narrow) {
      std::uint8_t* copy = padded_.data() + static_cast<std::size_t>(y) * full;
      std::memcpy(copy, row, used);
      for (std::size_t i = used; i < full; ++i) copy[i] = copy[i - pixel];
      row = copy;
    }
    rows_[static_cast<std::size_t>(y)] = row;
  }
  const auto given = static_cast<std::size_t>(block.height);
  std::fill(rows_.begin() + static_cast<std::ptrdiff_t>(given), rows_.end(), rows_[given - 1]);
}

void TileEncoder::flatten(std::int64_t width) {
  const auto pixel = static_cast<std::size_t>(encoding_.channels);
  const auto bytes = static_cast<std::size_t>(width) * pixel;
  flat_.resize(bytes * rows_.size());
  std::uint8_t* to = flat_.data();
  for (const std::uint8_t* row : rows_) {
    if (encoding_.predictor) {
      std::memcpy(to, row, pixel);
      for (std::size_t i = pixel; i < bytes; ++i) {
        to[i] = static_cast<std::uint8_t>(row[i] - row[i - pixel]);
      }
    } else {
      std::memcpy(to, row, bytes);
    }
    to += bytes;
  }
}

void TileEncoder::deflate_flat(std::vector<std::uint8_t>& out) {
  z_stream& z = deflate_->stream;
  check_internal(deflateReset(&z) == Z_OK, "zlib could not be reset");
  out.resize(deflateBound(&z, flat_.size()));
  z.next_in = flat_.data();
  z.avail_in = static_cast<uInt>(flat_.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  check_internal(deflate(&z, Z_FINISH) == Z_STREAM_END, "zlib left a tile unfinished");
  out.resize(out.size() - z.avail_out);
}

Encoded TileEncoder::encode(const Block& block, std::int64_t width, std::int64_t height) {
  check_internal(block.width >= 1 && block.height >= 1 && block.width <= width &&
                     block.height <= height && block.channels == encoding_.channels,
                 "a tile doesn't fit its encoder");
  gather(block, width, height);
  if (jpeg_) {
    jpeg_->encode(rows_, width, scratch_);
  } else {
    flatten(width);
    if (deflate_) {
      deflate_flat(scratch_);
    } else if (encoding_.compression == Compression::lzw) {
      lzw_encode(flat_, scratch_);
    } else {
      scratch_ = flat_;
    }
  }
  return {{scratch_.begin(), scratch_.end()}, hash_of(scratch_)};
}

std::vector<std::uint8_t> TileEncoder::tables() {
  return jpeg_ ? jpeg_->tables() : std::vector<std::uint8_t>{};
}

}  // namespace histoloom::pyramid
