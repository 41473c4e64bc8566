#include "histoloom/pictures/png_indices.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string_view>

namespace histoloom {

namespace {

// A PNG is a signature, then chunks: length, name, bytes, CRC of name and bytes. The first is IHDR:
// width, height, bit depth, colour type, compression, filter, interlace.
constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
constexpr std::size_t kChunkFrame = 12;
constexpr std::size_t kHeaderEnd = 8 + kChunkFrame + 13;
constexpr std::size_t kBitDepth = 24;
constexpr std::size_t kColourType = 25;
constexpr char kPngGrey = 0;
constexpr char kPngIndexed = 3;

std::uint32_t byte(char c) { return static_cast<unsigned char>(c); }

std::uint32_t big_endian(std::string_view bytes) {
  return byte(bytes[0]) << 24 | byte(bytes[1]) << 16 | byte(bytes[2]) << 8 | byte(bytes[3]);
}

// The CRC of PNG (ISO 3309), bit by bit: it is needed for 17 bytes.
std::uint32_t crc(std::string_view bytes) {
  std::uint32_t sum = 0xffffffffu;
  for (const char c : bytes) {
    sum ^= byte(c);
    for (int i = 0; i < 8; ++i) sum = sum & 1 ? sum >> 1 ^ 0xedb88320u : sum >> 1;
  }
  return ~sum;
}

bool has_header(std::string_view bytes) {
  return bytes.size() >= kHeaderEnd && bytes.substr(0, 8) == kSignature &&
         bytes.substr(12, 4) == "IHDR";
}

// The data of the first chunk of a name before the pixels, `in` being behind the header; empty if
// there is none, or it is longer than `most`.
std::string chunk_in(std::istream& in, std::string_view name, std::uint32_t most) {
  std::string head(8, '\0');
  while (in.read(head.data(), 8) && head.substr(4) != "IDAT") {
    const std::uint32_t length = big_endian(head);
    if (head.substr(4) == name && length <= most) {
      std::string out(length, '\0');
      return in.read(out.data(), length) ? out : "";
    }
    in.seekg(std::streamoff{length} + 4, std::ios::cur);
  }
  return {};
}

}  // namespace

std::optional<PngEncoding> read_png_encoding(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(kHeaderEnd, '\0');
  if (!in.read(bytes.data(), kHeaderEnd) || !has_header(bytes)) return std::nullopt;
  PngEncoding out{static_cast<int>(byte(bytes[kBitDepth])), bytes[kColourType] == kPngIndexed};
  const std::string palette = out.indexed ? chunk_in(in, "PLTE", 768) : "";
  out.grey_palette = palette.size() >= 3;
  for (std::size_t i = 0; i + 2 < palette.size(); i += 3) {
    if (palette[i] != palette[i + 1] || palette[i] != palette[i + 2]) out.grey_palette = false;
    if (byte(palette[i]) != i / 3) out.odd_greys = true;
  }
  out.odd_greys = out.odd_greys && out.grey_palette;
  return out;
}

bool has_png_ratio(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(kHeaderEnd, '\0');
  if (!in.read(bytes.data(), kHeaderEnd) || !has_header(bytes)) return false;
  const std::string size = chunk_in(in, "pHYs", 9);
  return size.size() == 9 && size[8] == 0;
}

std::string indexed_png_as_grey(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!has_header(bytes)) return bytes;

  std::string grey = bytes.substr(0, kHeaderEnd);
  grey[kColourType] = kPngGrey;
  const std::uint32_t sum = crc(std::string_view(grey).substr(12, 17));
  for (int i = 0; i < 4; ++i) {
    grey[kHeaderEnd - 4 + static_cast<std::size_t>(i)] = static_cast<char>(sum >> (24 - 8 * i));
  }

  // Palette and everything that speaks of colours stays behind.
  for (std::size_t at = kHeaderEnd; at + kChunkFrame <= bytes.size();) {
    const std::string_view rest = std::string_view(bytes).substr(at);
    const std::size_t length = std::min(rest.size(), kChunkFrame + big_endian(rest));
    const std::string_view name = rest.substr(4, 4);
    if (name == "IDAT" || name == "IEND") grey += rest.substr(0, length);
    at += length;
  }
  return grey;
}

}  // namespace histoloom
