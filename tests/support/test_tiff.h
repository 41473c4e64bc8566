// TIFFs written by hand after TIFF 6.0 and BigTIFF, of kinds that libraries don't write: little-endian,
// tags and pieces as a test states them.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "scratch.h"

namespace histoloom {

struct TestTag {
  int type = 3;  // 2 text, 3 SHORT, 4 LONG, 5 RATIONAL, 7 bytes
  std::vector<std::uint32_t> numbers;
  std::string bytes = {};
};

struct TestDirectory {
  std::map<int, TestTag> tags;
  std::vector<std::string> pieces;  // an empty one is missing
  bool tiled = true;
};

namespace test_tiff {

inline std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 255);
  return out;
}

inline std::string encoded(const TestTag& tag) {
  if (tag.type == 2) return tag.bytes + '\0';
  if (tag.type == 7) return tag.bytes;
  std::string out;
  for (const std::uint32_t n : tag.numbers) out += little(n, tag.type == 3 ? 2 : 4);
  return out;
}

inline std::uint64_t count_of(const TestTag& tag) {
  if (tag.type == 2) return tag.bytes.size() + 1;
  if (tag.type == 7) return tag.bytes.size();
  return tag.type == 5 ? tag.numbers.size() / 2 : tag.numbers.size();
}

}  // namespace test_tiff

inline void write_tiff(const std::filesystem::path& path, std::vector<TestDirectory> directories,
                       bool big = false) {
  using namespace test_tiff;
  const int cell = big ? 8 : 4;
  std::string out = big ? "II" + little(43, 2) + little(8, 2) + little(0, 2) + little(0, 8)
                        : "II" + little(42, 2) + little(0, 4);
  std::size_t link = big ? 8 : 4;
  for (TestDirectory& d : directories) {
    TestTag offsets{4, {}}, sizes{4, {}};
    for (const std::string& piece : d.pieces) {
      offsets.numbers.push_back(piece.empty() ? 0 : static_cast<std::uint32_t>(out.size()));
      sizes.numbers.push_back(static_cast<std::uint32_t>(piece.size()));
      out += piece;
    }
    d.tags[d.tiled ? 324 : 273] = offsets;
    d.tags[d.tiled ? 325 : 279] = sizes;
    std::string entries = little(d.tags.size(), big ? 8 : 2);
    for (const auto& [number, tag] : d.tags) {
      std::string value = encoded(tag);
      if (value.size() > static_cast<std::size_t>(cell)) {
        out.resize((out.size() + 1) / 2 * 2);
        const std::string place = little(out.size(), cell);
        out += value;
        value = place;
      }
      value.resize(static_cast<std::size_t>(cell));
      entries += little(static_cast<std::uint64_t>(number), 2) +
                 little(static_cast<std::uint64_t>(tag.type), 2) + little(count_of(tag), cell) +
                 value;
    }
    out.resize((out.size() + 1) / 2 * 2);
    out.replace(link, static_cast<std::size_t>(cell), little(out.size(), cell));
    link = out.size() + entries.size();
    out += entries + little(0, cell);
  }
  write_bytes(path, out);
}

inline std::string deflated(const std::string& bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  compress(reinterpret_cast<Bytef*>(out.data()), &size,
           reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  out.resize(size);
  return out;
}

// The tags of an image of 8 bits, uncompressed, in tiles of `tile` px or, with 0, in one strip.
inline std::map<int, TestTag> test_tags(std::uint32_t width, std::uint32_t height, int samples,
                                        std::uint32_t tile, std::uint32_t compression = 1) {
  std::map<int, TestTag> out{
      {256, {4, {width}}},
      {257, {4, {height}}},
      {258, {3, std::vector<std::uint32_t>(static_cast<std::size_t>(samples), 8)}},
      {259, {3, {compression}}},
      {262, {3, {samples < 3 ? 1u : 2u}}},
      {277, {3, {static_cast<std::uint32_t>(samples)}}},
      {284, {3, {1}}}};
  if (tile == 0) return out[278] = {4, {height}}, out;
  out[322] = out[323] = {4, {tile}};
  return out;
}

// Tiles of `tile` px whose samples are value(x, y, channel), in their order.
template <class Value>
std::vector<std::string> test_tiles(int width, int height, int samples, int tile, Value&& value) {
  std::vector<std::string> out;
  for (int top = 0; top < height; top += tile)
    for (int left = 0; left < width; left += tile) {
      std::string piece;
      for (int y = top; y < top + tile; ++y)
        for (int x = left; x < left + tile; ++x)
          for (int c = 0; c < samples; ++c) piece += static_cast<char>(value(x, y, c));
      out.push_back(piece);
    }
  return out;
}

}  // namespace histoloom
