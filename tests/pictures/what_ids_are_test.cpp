// Kinds of masks that other programs write, each with five or more relatives: whichever way a mask is
// stored, its ids are what it holds. The files are written by hand after TIFF 6.0 and PNG (ISO 15948).
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "histoloom/core/file.h"
#include "odd_files.h"
#include "test_images.h"

namespace histoloom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WhatIdsAre : public WhatPixelsAre {};

// Ids 0 to 3 in a row, and as a picture.
TestDirectory id_tiff(std::uint32_t bits, std::uint32_t photometric, bool tiled = false) {
  TestDirectory d{test_tags(4, 1, 1, tiled ? 16 : 0), {}, tiled};
  d.tags[258] = {3, {bits}};
  d.tags[262] = {3, {photometric}};
  std::string row;
  if (bits == 8) row = std::string("\0\1\2\3", 4);
  if (bits == 4) row = "\x01\x23";
  if (bits == 2) row = "\x1B";
  if (bits == 1) row = "\x50";  // 0 1 0 1
  if (tiled) row.resize(16 * 16 * bits / 8);
  d.pieces = {row};
  if (photometric == 3) {
    d.tags[320] = {3, {}};
    for (std::uint32_t i = 0; i < 3u << bits; ++i)
      d.tags[320].numbers.push_back((i * 7919 + 13) % 65536);
  }
  return d;
}

TEST_F(WhatIdsAre, IdsOfATiffAreWhatIsStored) {
  for (const std::uint32_t bits : {1u, 2u, 4u, 8u})
    for (const std::uint32_t photometric : {0u, 1u, 3u})
      for (const bool tiled : {false, true}) {
        SCOPED_TRACE(testing::Message() << bits << " " << photometric << " " << tiled);
        const fs::path path = tiff("ids.tif", {id_tiff(bits, photometric, tiled)});
        EXPECT_EQ(ids(path), bits == 1 ? (Colour{0, 1, 0, 1}) : (Colour{0, 1, 2, 3}));
      }
  // As a picture greys are spread over 0 to 255, and white is white.
  EXPECT_THAT(pixel(tiff("white.tif", {id_tiff(8, 0)}), 1, 0), ElementsAre(254));
  EXPECT_THAT(pixel(tiff("four.tif", {id_tiff(4, 1)}), 1, 0), ElementsAre(17));
}

std::string greys(const std::vector<int>& values) {
  std::string out;
  for (const int v : values) out.append(3, static_cast<char>(v));
  return out;
}

TEST_F(WhatIdsAre, AGreyPaletteThatIsNotItsIndicesIsRefusedAsAMask) {
  const fs::path path = folder_ / "m.png";
  const std::string expected = fmt::format(
      "mask {0} has a palette whose greys aren't its indices, as programs that make PNGs smaller "
      "leave of ids: which of both are the ids is not known; save it in grey without a palette, as "
      "'vips extract_band {0} grey.png 0' does if the greys are the ids",
      path.string());
  for (const std::vector<int>& values : {std::vector{5, 1, 0, 3},
                                         {0, 1, 3, 5},
                                         {1, 2, 3, 4},
                                         {0, 85, 170, 255},
                                         {2, 1, 0, 3},
                                         {0, 1, 2, 4}}) {
    write_bytes(path, png_of(3, greys(values)));
    EXPECT_EQ(mask_refusal(path), expected);
    EXPECT_EQ(refusal(path), "") << "as a picture it is one";
    // The cure: the greys as ids.
    VipsImage *image = nullptr, *band = nullptr;
    ASSERT_EQ(vips_pngload(path.c_str(), &image, nullptr), 0);
    ASSERT_EQ(vips_extract_band(image, &band, 0, nullptr), 0);
    ASSERT_EQ(vips_image_write_to_file(band, (folder_ / "grey.png").c_str(), nullptr), 0);
    g_object_unref(image);
    g_object_unref(band);
    EXPECT_EQ(ids(folder_ / "grey.png"), Colour(values.begin(), values.end()));
  }
  for (const std::string& palette : {greys({0, 1, 2, 3}), greys({0, 1, 2, 3, 4, 5}),
                                     greys({0, 0, 0}) + "\xFF" + std::string(2, 1),
                                     std::string("\0\0\0\xC8\0\0\0\xC8\0\0\0\xC8", 12)}) {
    write_bytes(path, png_of(3, palette));
    EXPECT_EQ(ids(path), (Colour{0, 1, 2, 3})) << "an index is the id";
  }
  TestDirectory odd = id_tiff(4, 3);
  for (std::size_t i = 0; i < 48; ++i) odd.tags[320].numbers[i] = (15 - i % 16) * 4369;
  EXPECT_THAT(mask_refusal(tiff("odd.tif", {odd})), HasSubstr("greys aren't its indices"));
  for (const std::uint32_t scale : {1u, 256u, 257u}) {
    for (std::size_t i = 0; i < 48; ++i)
      odd.tags[320].numbers[i] = static_cast<std::uint32_t>(i % 16) * scale;
    EXPECT_EQ(ids(tiff("even.tif", {odd})), (Colour{0, 1, 2, 3}));
  }
}

TEST_F(WhatIdsAre, AMaskThatWasStoredWithLossIsRefused) {
  const Picture grey = noise_picture({64, 48}, 1);
  const ImageOnDisk as{.space = VIPS_INTERPRETATION_B_W};
  const auto said = [](const fs::path& path, const char* code) {
    return fmt::format(
        "mask {} is stored as {}, which invents classes; save it as PNG, or as TIFF without loss, "
        "from what it was made of",
        path.string(), code);
  };
  for (const char* target : {"m.jpg", "m.jpeg[Q=100]", "m.tif[compression=jpeg]",
                             "t.tif[tile,compression=jpeg]", "b.tif[bigtiff,compression=jpeg]"}) {
    const fs::path path = save_image(folder_, target, grey, as);
    EXPECT_EQ(mask_refusal(path), said(path, "JPEG"));
  }
  const fs::path renamed = folder_ / "jpeg.png";
  fs::copy_file(folder_ / "m.jpg", renamed);
  EXPECT_EQ(mask_refusal(renamed), said(renamed, "JPEG")) << "whatever its name says";
  for (const char* target : {"m.png", "l.tif[compression=lzw]", "d.tif[compression=deflate]",
                             "p.tif[compression=packbits]", "n.tif", "m.pgm"})
    EXPECT_EQ(ids(save_image(folder_, target, grey, as)), grey.samples) << target;
}

TEST_F(WhatIdsAre, OtherMasksAreRefusedInOneWording) {
  const auto said = [](const fs::path& path, const char* what) {
    return fmt::format("mask {} has {}; save it with one band of 8 bits whose values are label ids",
                       path.string(), what);
  };
  for (const int bands : {2, 3, 4}) {
    const fs::path path =
        save_image(folder_, "m.png", noise_picture({9, 7}, bands),
                   {.space = bands == 2 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB});
    EXPECT_EQ(mask_refusal(path), said(path, fmt::format("{} bands", bands).c_str()));
  }
  const fs::path deep =
      save_image(folder_, "d.tif", noise_picture({9, 7}, 1),
                 {.format = VIPS_FORMAT_USHORT, .space = VIPS_INTERPRETATION_GREY16});
  EXPECT_EQ(mask_refusal(deep), said(deep, "pixels of type ushort"));
  const fs::path real = save_image(folder_, "f.tif", noise_picture({9, 7}, 1),
                                   {.format = VIPS_FORMAT_FLOAT, .space = VIPS_INTERPRETATION_B_W});
  EXPECT_EQ(mask_refusal(real), said(real, "pixels of type float"));
}

}  // namespace
}  // namespace histoloom
