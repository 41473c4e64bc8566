// What the tests of kinds of files share: pictures written by hand, and the ways to read them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/pictures/open_picture.h"
#include "histoloom/pictures/vips_reader.h"
#include "support/test_tiff.h"

namespace histoloom {

namespace fs = std::filesystem;

using Colour = std::vector<std::uint8_t>;

constexpr int kWidth = 100, kHeight = 70, kTile = 32;

// Another value at every pixel.
inline std::uint8_t value_at(int x, int y, int c) {
  return static_cast<std::uint8_t>(x * 2 + y * 3 % 50 + 40 * c);
}

class WhatPixelsAre : public testing::Test {
 protected:
  fs::path tiff(const char* name, std::vector<TestDirectory> directories, bool big = false) {
    write_tiff(folder_ / name, std::move(directories), big);
    return folder_ / name;
  }
  // A pixel by the three ways on which pixels are asked for; they agree.
  Colour pixel(const fs::path& path, int x, int y) {
    const auto file = open_picture(path);
    const Picture one = file->region(PixelRect::at({x, y}, {1, 1}));
    const Picture all = read_picture(path);
    Colour by_rows;
    std::int64_t top = 0;
    file->read_rows(1, [&](const PictureView& rows) {
      if (y >= top && y < top + rows.size.height)
        by_rows.assign(rows.at(x, y - top), rows.at(x, y - top) + rows.channels);
      top += rows.size.height;
    });
    EXPECT_EQ(one.samples, by_rows) << path;
    EXPECT_EQ(Colour(all.at(x, y), all.at(x, y) + all.channels), by_rows) << path;
    return by_rows;
  }
  Colour ids(const fs::path& path) {
    const Picture whole = read_mask_picture(path);
    EXPECT_EQ(whole.channels, 1);
    return whole.samples;
  }
  std::string refusal(const fs::path& path) {
    const std::string by_file = message_of([&] { open_picture(path); });
    EXPECT_EQ(message_of([&] { read_picture(path); }), by_file);
    EXPECT_EQ(message_of([&] { VipsReader(path, PixelsAs::picture); }), by_file);
    return by_file;
  }
  std::string mask_refusal(const fs::path& path) {
    const std::string by_file = message_of([&] { open_mask(path); });
    EXPECT_EQ(message_of([&] { read_mask_picture(path); }), by_file);
    EXPECT_EQ(message_of([&] { VipsReader(path, PixelsAs::ids); }), by_file);
    return by_file;
  }
  std::optional<double> mpp(const fs::path& path) {
    const auto file = open_picture(path);
    EXPECT_EQ(file->mpp(), file->facts().mpp) << path;
    EXPECT_EQ(VipsReader(path).mpp(), file->mpp()) << path;
    return file->mpp();
  }

  ScratchDirectory folder_;
};

inline const Colour kWhite{255, 255, 255};

inline Colour colour_at(int x, int y) {
  return {value_at(x, y, 0), value_at(x, y, 1), value_at(x, y, 2)};
}

// A PNG of one row of indices 0 to 3 of 8 bits; chunk by chunk.
inline std::string png_of(int colour_type, const std::string& palette,
                          const std::string& more = "") {
  const auto chunk = [](const std::string& name, const std::string& data) {
    const auto big = [](std::uint32_t v) {
      std::string out;
      for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(v >> shift & 255);
      return out;
    };
    const std::string all = name + data;
    const auto sum = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(all.data()), static_cast<uInt>(all.size())));
    return big(static_cast<std::uint32_t>(data.size())) + all + big(sum);
  };
  std::string out = "\x89PNG\r\n\x1A\n";
  out += chunk("IHDR", std::string("\0\0\0\4\0\0\0\1\x08", 9) + static_cast<char>(colour_type) +
                           std::string(3, '\0'));
  if (!more.empty()) out += chunk(more.substr(0, 4), more.substr(4));
  if (!palette.empty()) out += chunk("PLTE", palette);
  out += chunk("IDAT", deflated(std::string("\0\0\1\2\3", 5)));
  return out + chunk("IEND", "");
}

}  // namespace histoloom
