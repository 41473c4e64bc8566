#include "tiff_pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

namespace histoloom::pyramid {
namespace {

constexpr std::uint64_t kAtOnce = 4096;     // entries of an array held in memory
constexpr std::uint64_t kJpegHead = 65536;  // bytes of a piece searched for its frame header

// Pieces that cover the image; the largest number where there would be more.
std::uint64_t expected_pieces(const TiffImage& image) {
  if (image.size.empty() || image.piece.empty()) return 0;
  const auto columns = static_cast<std::uint64_t>(divide_up(image.size.width, image.piece.width));
  const auto rows = static_cast<std::uint64_t>(divide_up(image.size.height, image.piece.height));
  const auto planes = static_cast<std::uint64_t>(image.planar == 2 ? image.samples : 1);
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  if (columns > most / rows || columns * rows > most / planes) return most;
  return columns * rows * planes;
}

void count_pieces(const TiffParser& parser, const TiffField& offsets, const TiffField& sizes,
                  TiffImage& image, std::uint64_t& first_good) {
  PieceCount& p = image.pieces;
  const std::uint64_t end = parser.file_bytes();
  const std::uint64_t count = std::min({p.expected, p.offsets, p.sizes});
  for (std::uint64_t i = 0; i < count; i += kAtOnce) {
    const std::uint64_t now = std::min(kAtOnce, count - i);
    const auto at = parser.integers(offsets, i, now);
    const auto size = parser.integers(sizes, i, now);
    for (std::size_t j = 0; j < std::min(at.size(), size.size()); ++j) {
      p.bytes += std::min(size[j], end);  // so that the sum can't run over
      if (at[j] == 0 || size[j] == 0) {
        ++p.missing;
        if (size[j] == 0) ++p.empty;
      } else if (at[j] > end || size[j] > end - at[j]) {
        ++p.outside;
      } else if (first_good == count) {
        first_good = i + j;
      }
    }
  }
}

}  // namespace

std::optional<JpegHeader> parse_jpeg_header(std::span<const std::uint8_t> b) {
  if (b.size() < 4 || b[0] != 0xFF || b[1] != 0xD8) return std::nullopt;
  JpegHeader header;
  std::size_t i = 2;
  while (i + 4 <= b.size() && b[i] == 0xFF) {
    const std::uint8_t marker = b[i + 1];
    if (marker == 0xFF) {  // a fill byte
      ++i;
      continue;
    }
    const std::size_t length = static_cast<std::size_t>(b[i + 2]) << 8 | b[i + 3];
    if (length < 2 || length > b.size() - i - 2) return std::nullopt;
    const auto segment = b.subspan(i + 4, length - 2);
    const std::string_view adobe = "Adobe";
    if (marker == 0xEE && segment.size() >= 12 &&
        std::equal(adobe.begin(), adobe.end(), segment.begin())) {
      header.adobe_transform = segment[11];
    }
    const std::string_view jfif("JFIF", 5);
    header.jfif = header.jfif || (marker == 0xE0 && segment.size() >= 5 &&
                                  std::equal(jfif.begin(), jfif.end(), segment.begin()));
    const bool frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      if (segment.size() < 9) return std::nullopt;
      header.size = {segment[3] << 8 | segment[4], segment[1] << 8 | segment[2]};
      header.components = segment[5];
      header.sampling_x = segment[7] >> 4;
      header.sampling_y = segment[7] & 15;
      return header;
    }
    i += 2 + length;
  }
  return std::nullopt;
}

void read_pieces(const TiffParser& parser, const RawDirectory& directory, TiffImage& image,
                 std::uint64_t& budget) {
  PieceCount& p = image.pieces;
  p.expected = expected_pieces(image);
  const TiffField* offsets = directory.find(image.tiled ? 324 : 273);
  const TiffField* sizes = directory.find(image.tiled ? 325 : 279);
  if (offsets == nullptr || sizes == nullptr) return;
  p.offsets = offsets->count;
  p.sizes = sizes->count;
  const std::uint64_t count = std::min({p.expected, p.offsets, p.sizes});
  if (count > budget) {
    p.scanned = false;
    return;
  }
  budget -= count;
  std::uint64_t first_good = count;
  count_pieces(parser, *offsets, *sizes, image, first_good);
  if (image.compression != 7 || first_good == count) return;
  const std::uint64_t at = parser.integers(*offsets, first_good, 1).at(0);
  const std::uint64_t size = parser.integers(*sizes, first_good, 1).at(0);
  image.jpeg = parse_jpeg_header(parser.bytes(at, std::min(size, kJpegHead)));
  if (!image.jpeg) {
    image.defects.push_back(fmt::format("Compression is 7 (JPEG), but {} {} is no JPEG stream",
                                        image.tiled ? "tile" : "strip", first_good));
  }
}

}  // namespace histoloom::pyramid
