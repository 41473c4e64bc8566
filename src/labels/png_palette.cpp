#include "png_palette.h"

#include <algorithm>
#include <fstream>
#include <string_view>

namespace histoloom {

namespace {

constexpr std::array<std::uint8_t, 8> kSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr int kColourTypeIndexed = 3;
constexpr std::size_t kLargestPalette = 256;

template <std::size_t N>
bool read_bytes(std::istream& in, std::array<std::uint8_t, N>& bytes) {
  std::array<char, N> raw{};
  if (!in.read(raw.data(), N)) return false;
  std::copy(raw.begin(), raw.end(), bytes.begin());
  return true;
}

std::vector<std::uint8_t> read_bytes(std::istream& in, std::size_t count) {
  std::vector<char> raw(count);
  if (!in.read(raw.data(), static_cast<std::streamsize>(count))) return {};
  return {raw.begin(), raw.end()};
}

void store_colours(const std::vector<std::uint8_t>& bytes, PngEncoding& png) {
  for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) {
    png.palette.push_back({bytes[i], bytes[i + 1], bytes[i + 2], 255});
  }
}

void store_alpha(const std::vector<std::uint8_t>& bytes, PngEncoding& png) {
  for (std::size_t i = 0; i < std::min(bytes.size(), png.palette.size()); ++i) {
    png.palette[i][3] = bytes[i];
  }
}

}  // namespace

std::optional<PngEncoding> read_png_encoding(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::array<std::uint8_t, 8> signature{};
  if (!read_bytes(in, signature) || signature != kSignature) return std::nullopt;

  // A chunk is its length, its name, its bytes and a CRC.
  PngEncoding png;
  std::array<std::uint8_t, 8> head{};
  while (read_bytes(in, head)) {
    const std::size_t length = std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 |
                               std::size_t{head[2]} << 8 | head[3];
    const std::string name(head.begin() + 4, head.end());
    if (name == "IDAT" || name == "IEND") return png;
    if (name == "IHDR" && length == 13) {
      const std::vector<std::uint8_t> bytes = read_bytes(in, length);
      if (bytes.empty()) return std::nullopt;
      png.bit_depth = bytes[8];
      png.indexed = bytes[9] == kColourTypeIndexed;
    } else if (png.indexed && name == "PLTE" && length <= 3 * kLargestPalette) {
      store_colours(read_bytes(in, length), png);
    } else if (png.indexed && name == "tRNS" && length <= kLargestPalette) {
      store_alpha(read_bytes(in, length), png);
    } else {
      in.seekg(static_cast<std::streamoff>(length), std::ios::cur);
    }
    in.seekg(4, std::ios::cur);
  }
  return std::nullopt;
}

}  // namespace histoloom
