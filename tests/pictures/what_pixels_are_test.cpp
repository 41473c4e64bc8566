// Kinds of files that other programs write, each with five or more relatives: whichever way a
// picture is stored, its pixels are what it shows and its scale what it states. The files are written by hand after TIFF 6.0, PNG (ISO 15948) and JFIF.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "histoloom/core/file.h"
#include "odd_files.h"
#include "test_images.h"

namespace histoloom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(WhatPixelsAre, MissingTilesAreGlassHoweverTheOthersAreStored) {
  const auto stored = [](std::uint32_t compression, bool sparse_sizes) {
    TestDirectory d{test_tags(kWidth, kHeight, 3, kTile, compression),
                    test_tiles(kWidth, kHeight, 3, kTile, value_at)};
    if (compression == 8)
      for (std::string& piece : d.pieces) piece = deflated(piece);
    for (const std::size_t i : {0u, 5u, 11u}) d.pieces[i].clear();
    if (sparse_sizes) d.tags[254] = {4, {0}};
    return d;
  };
  for (const bool big : {false, true})
    for (const std::uint32_t compression : {1u, 8u}) {
      const fs::path path = tiff("gaps.tif", {stored(compression, big)}, big);
      EXPECT_EQ(pixel(path, 3, 4), kWhite) << "the first tile";
      EXPECT_EQ(pixel(path, 40, 40), kWhite);
      EXPECT_EQ(pixel(path, 99, 69), kWhite) << "the last tile, cut by the border";
      EXPECT_EQ(pixel(path, 33, 5), colour_at(33, 5));
      EXPECT_EQ(pixel(path, 31, 32), colour_at(31, 32));
      EXPECT_TRUE(open_picture(path)->by_tiles());
    }
}

TEST_F(WhatPixelsAre, MissingPiecesOfGreyOfStripsAndOfReducedLevelsAreGlassToo) {
  TestDirectory grey{test_tags(kWidth, kHeight, 1, kTile),
                     test_tiles(kWidth, kHeight, 1, kTile, value_at)};
  grey.pieces[1].clear();
  EXPECT_THAT(pixel(tiff("grey.tif", {grey}), 40, 3), ElementsAre(255));
  EXPECT_THAT(pixel(folder_ / "grey.tif", 3, 3), ElementsAre(value_at(3, 3, 0)));

  TestDirectory strips{test_tags(kWidth, kHeight, 3, 0), {}, false};
  strips.tags[278] = {4, {20}};
  for (int top = 0; top < kHeight; top += 20) {
    std::string piece;
    for (int i = 0; i < 3 * kWidth * std::min(20, kHeight - top); ++i)
      piece += static_cast<char>(value_at(i / 3 % kWidth, top + i / 3 / kWidth, i % 3));
    strips.pieces.push_back(piece);
  }
  strips.pieces[2].clear();
  EXPECT_EQ(pixel(tiff("strips.tif", {strips}), 50, 59), kWhite);
  EXPECT_EQ(pixel(folder_ / "strips.tif", 50, 60), colour_at(50, 60));

  TestDirectory full{test_tags(2 * kWidth, 2 * kHeight, 3, kTile),
                     test_tiles(2 * kWidth, 2 * kHeight, 3, kTile, value_at)};
  TestDirectory half{test_tags(kWidth, kHeight, 3, kTile),
                     test_tiles(kWidth, kHeight, 3, kTile, value_at)};
  half.tags[254] = {4, {1}};
  half.pieces[0].clear();
  const auto file = open_picture(tiff("levels.tif", {full, half}));
  ASSERT_EQ(file->level_count(), 2);
  EXPECT_EQ(file->level_for(2), 1);
  EXPECT_EQ(file->shrink_of(1), 2);
  EXPECT_EQ(file->read(1, {10, 10}, {1, 1}).samples, kWhite);
  EXPECT_EQ(file->read(1, {100, 60}, {1, 1}).samples, colour_at(50, 30));
  EXPECT_EQ(file->read(0, {10, 10}, {1, 1}).samples, colour_at(10, 10));
}

// OpenSlide 3.4.1 with libtiff 4.5 puts such pixels elsewhere.
TEST_F(WhatPixelsAre, AnImageSmallerThanItsTileIsWhereItIs) {
  for (const auto& [width, height] : {std::pair{100, 70}, {31, 70}, {100, 31}, {1, 1}, {31, 31}})
    for (const int tile : {32, 128}) {
      TestDirectory d{
          test_tags(static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), 3,
                    static_cast<std::uint32_t>(tile)),
          test_tiles(width, height, 3, tile, value_at)};
      testing::internal::CaptureStderr();
      const fs::path path = tiff("small.tif", {d});
      EXPECT_EQ(pixel(path, width / 2, height / 2), colour_at(width / 2, height / 2));
      EXPECT_EQ(pixel(path, width - 1, height - 1), colour_at(width - 1, height - 1));
      EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "a library printed";
    }
}

TEST_F(WhatPixelsAre, AFileWithoutAnyTileIsRefused) {
  TestDirectory d{test_tags(kWidth, kHeight, 3, kTile), std::vector<std::string>(12)};
  const fs::path path = tiff("none.tif", {d});
  EXPECT_EQ(refusal(path),
            path.string() + ": all 12 tiles of its image are missing; fetch it again");
}

TEST_F(WhatPixelsAre, TiledColourPlanesArePutTogether) {
  for (const int samples : {2, 3, 4})
    for (const std::uint32_t compression : {1u, 8u}) {
      TestDirectory d{test_tags(kWidth, kHeight, samples, kTile, compression), {}};
      d.tags[284] = {3, {2}};
      if (samples != 3) d.tags[338] = {3, {2}};
      if (samples == 4) d.tags[262] = {3, {2}};
      for (int plane = 0; plane < samples; ++plane)
        for (const std::string& piece :
             test_tiles(kWidth, kHeight, 1, kTile, [&](int x, int y, int) {
               const bool alpha = samples != 3 && plane + 1 == samples;
               return alpha ? static_cast<std::uint8_t>(x < 50 ? 255 : 0) : value_at(x, y, plane);
             }))
          d.pieces.push_back(compression == 8 ? deflated(piece) : piece);
      const fs::path path = tiff("planes.tif", {d});
      Colour expected = colour_at(33, 40);
      if (samples == 2) expected.resize(1);
      EXPECT_EQ(pixel(path, 33, 40), expected) << samples;
      if (samples != 3) {
        EXPECT_EQ(pixel(path, 80, 40), Colour(expected.size(), 255)) << "clear";
      }
    }
}

TEST_F(WhatPixelsAre, PlanesAndGapsOfADamagedFileAreRefusedInOneLine) {
  for (const std::size_t left : {0u, 1u, 11u, 35u}) {
    TestDirectory d{test_tags(kWidth, kHeight, 3, kTile), {}};
    d.tags[284] = {3, {2}};
    for (std::size_t i = 0; i < left; ++i) d.pieces.push_back(i == 0 ? "" : "words");
    const fs::path path = tiff("damaged.tif", {d});
    testing::internal::CaptureStderr();
    const std::string said = message_of([&] {
      const auto file = open_picture(path);
      file->region(PixelRect::at({0, 0}, {100, 70}));
      file->read_rows(1, [](const PictureView&) {});
    });
    EXPECT_THAT(said, testing::StartsWith(path.string())) << left;
    EXPECT_EQ(said.find('\n'), std::string::npos);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "a library printed";
  }
}

// Whoever goes by its width would take gigabytes before the fifth tile is found missing.
TEST_F(WhatPixelsAre, ASizeThatItsTilesDontReachIsRefused) {
  TestDirectory d{test_tags(64, 64, 3, kTile), test_tiles(64, 64, 3, kTile, value_at)};
  d.tags[256] = {4, {8'388'672}};
  const auto said = [](const fs::path& path) {
    return path.string() +
           " is damaged: it lists 4 of the 524292 tiles of its image of 8388672x64 px; fetch it "
           "again";
  };
  const fs::path wide = tiff("wide.tif", {d});
  EXPECT_EQ(refusal(wide), said(wide));
  EXPECT_EQ(mask_refusal(wide), said(wide));
  const TestDirectory whole{test_tags(64, 64, 3, kTile), test_tiles(64, 64, 3, kTile, value_at)};
  const fs::path level = tiff("level.tif", {whole, d});
  EXPECT_EQ(refusal(level), said(level));
  d.tags[270] = {2, {}, "Aperio Image Library v1\r\n64x64 (32x32) RAW|MPP = 0.5"};
  const fs::path scan = tiff("scan.svs", {d});
  EXPECT_EQ(refusal(scan), said(scan));
}

// A JPEG by libjpeg through libvips: a JFIF file, whose colours are YCbCr.
std::string jpeg_tile(int seed, int subsample, const char* target = ".jpg") {
  start_vips();
  Picture flat{{kTile, kTile}, {}};
  for (int i = 0; i < kTile * kTile; ++i)
    for (const int v : {220, 30 + seed, 30}) flat.samples.push_back(static_cast<std::uint8_t>(v));
  const VipsPtr<VipsImage> memory(vips_image_new_from_memory(
      flat.samples.data(), flat.samples.size(), kTile, kTile, 3, VIPS_FORMAT_UCHAR));
  VipsImage* copy = nullptr;
  vips_copy(memory.get(), &copy, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  const VipsPtr<VipsImage> image(copy);
  void* bytes = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(vips_image_write_to_buffer(image.get(), target, &bytes, &size, "Q", 90,
                                       "subsample_mode", subsample, nullptr),
            0)
      << vips_error_buffer();
  std::string out(static_cast<const char*>(bytes), size);
  g_free(bytes);
  // JFIF's marker, which libvips leaves out.
  if (out.find("JFIF") == std::string::npos)
    out.insert(2, std::string("\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", 18));
  return out;
}

TEST_F(WhatPixelsAre, ColoursAreThoseOfTheJpegWhateverTheTagSays) {
  for (const int subsample : {VIPS_FOREIGN_SUBSAMPLE_ON, VIPS_FOREIGN_SUBSAMPLE_OFF})
    for (const std::uint32_t photometric : {2u, 6u})
      for (const bool gap : {false, true}) {
        TestDirectory d{test_tags(2 * kTile, 2 * kTile, 3, kTile, 7), {}};
        d.tags[262] = {3, {photometric}};
        const std::uint32_t chroma = subsample == VIPS_FOREIGN_SUBSAMPLE_ON ? 2 : 1;
        if (photometric == 6) d.tags[530] = {3, {chroma, chroma}};
        for (int i = 0; i < 4; ++i) d.pieces.push_back(jpeg_tile(10 * i, subsample));
        if (gap) d.pieces[0].clear();
        const fs::path path = tiff("jpeg.tif", {d});
        SCOPED_TRACE(testing::Message() << subsample << " " << photometric << " " << gap);
        const Colour red = pixel(path, 40, 40);
        EXPECT_NEAR(red[0], 220, 4);
        EXPECT_NEAR(red[1], 60, 4);
        EXPECT_NEAR(red[2], 30, 4);
        if (gap) {
          EXPECT_EQ(pixel(path, 3, 3), kWhite);
        }
      }
}

TEST_F(WhatPixelsAre, AScanThatSaysTwoColoursIsRefused) {
  TestDirectory d{test_tags(2 * kTile, 2 * kTile, 3, kTile, 7), {}};
  d.tags[270] = {2, {}, "Aperio Image Library v1\r\n64x64 (32x32) JPEG/RGB Q=80|MPP = 0.5"};
  for (int i = 0; i < 4; ++i) d.pieces.push_back(jpeg_tile(10 * i, VIPS_FOREIGN_SUBSAMPLE_ON));
  const fs::path path = tiff("two.svs", {d});
  EXPECT_EQ(message_of([&] { open_picture(path); }),
            path.string() +
                ": PhotometricInterpretation of directory 0 says RGB, but its JPEG says YCbCr; "
                "readers show different colours; export it again, as another format");
}

TEST_F(WhatPixelsAre, WhatAScannerLeftOutIsGlass) {
  TestDirectory d{test_tags(2 * kTile, 2 * kTile, 3, kTile, 7), {}};
  d.tags[270] = {2, {}, "Aperio Image Library v1\r\n64x64 (32x32) JPEG/RGB Q=80|MPP = 0.5"};
  d.tags[262] = {3, {6}};
  d.tags[530] = {3, {2, 2}};
  for (int i = 0; i < 4; ++i) d.pieces.push_back(jpeg_tile(10 * i, VIPS_FOREIGN_SUBSAMPLE_ON));
  for (const std::size_t gone : {0u, 3u}) {
    TestDirectory gaps = d;
    gaps.pieces[gone].clear();
    const auto file = open_picture(tiff("gap.svs", {gaps}));
    ASSERT_TRUE(file->is_scan());
    const int at = gone == 0 ? 5 : 45;
    EXPECT_EQ(file->region(PixelRect::at({at, at}, {1, 1})).samples, kWhite);
    Picture all{{64, 64}, {}};
    file->read_rows(1, [&](const PictureView& rows) {
      for (std::int64_t y = 0; y < rows.size.height; ++y)
        all.samples.insert(all.samples.end(), rows.row(y), rows.row(y) + 3 * 64);
    });
    EXPECT_EQ(Colour(all.at(at, at), all.at(at, at) + 3), kWhite);
    EXPECT_NEAR(*all.at(5, 45), 220, 4);
  }
}

TEST_F(WhatPixelsAre, SeveralImagesOfOneSizeAreRefused) {
  TestDirectory plane{test_tags(kWidth, kHeight, 3, kTile),
                      test_tiles(kWidth, kHeight, 3, kTile, value_at)};
  TestDirectory page = plane, small{test_tags(40, 30, 3, kTile), std::vector<std::string>(2, "x")};
  page.tags[254] = {4, {2}};
  const auto said = [&](int count) {
    const std::string path = (folder_ / "planes.tif").string();
    return fmt::format(
        "{0}: holds {1} images of 100x70 px, such as planes, channels or times; one is needed: "
        "take it first, as 'vips copy {0}[page=0] one.tif' does",
        path, count);
  };
  EXPECT_EQ(refusal(tiff("planes.tif", {plane, plane})), said(2));
  EXPECT_EQ(mask_refusal(folder_ / "planes.tif"), said(2));
  EXPECT_EQ(refusal(tiff("planes.tif", {plane, page, page})), said(3));
  EXPECT_EQ(refusal(tiff("planes.tif", {plane, small, plane}, true)), said(2));
  for (const std::uint32_t subfile : {1u, 4u, 5u}) {
    TestDirectory other = plane;
    other.tags[254] = {4, {subfile}};
    EXPECT_EQ(refusal(tiff("planes.tif", {plane, other})), "") << "reduced, or a mask";
  }
  EXPECT_EQ(refusal(tiff("planes.tif", {plane, small})), "");
  // The cure.
  tiff("planes.tif", {plane, plane});
  VipsImage* first = nullptr;
  ASSERT_EQ(vips_tiffload((folder_ / "planes.tif").c_str(), &first, "page", 0, nullptr), 0);
  ASSERT_EQ(vips_image_write_to_file(first, (folder_ / "one.tif").c_str(), nullptr), 0);
  g_object_unref(first);
  EXPECT_EQ(pixel(folder_ / "one.tif", 10, 20), colour_at(10, 20));
}

TEST_F(WhatPixelsAre, TurnedPicturesAreRefusedAndTheCureTurnsThem) {
  for (const std::uint32_t turn : {2u, 3u, 5u, 6u, 8u}) {
    TestDirectory d{test_tags(kWidth, kHeight, 3, turn % 2 == 0 ? kTile : 0), {}, turn % 2 == 0};
    d.tags[274] = {3, {turn}};
    d.pieces = test_tiles(kWidth, kHeight, 3, kTile, value_at);
    if (turn % 2 != 0) d.pieces = {std::string(3 * kWidth * kHeight, 'x')};
    const fs::path path = tiff("turned.tif", {d});
    const std::string expected = fmt::format(
        "{0}: is turned by its orientation tag ({1}), which some programs follow and others don't; "
        "turn it first, as 'vips autorot {0} turned.png' does",
        path.string(), turn);
    EXPECT_EQ(refusal(path), expected);
    VipsImage *image = nullptr, *upright = nullptr;
    ASSERT_EQ(vips_tiffload(path.c_str(), &image, nullptr), 0);
    ASSERT_EQ(vips_autorot(image, &upright, nullptr), 0);
    ASSERT_EQ(vips_image_write_to_file(upright, (folder_ / "turned.png").c_str(), nullptr), 0);
    g_object_unref(image);
    g_object_unref(upright);
    EXPECT_EQ(refusal(folder_ / "turned.png"), "");
  }
}

TEST_F(WhatPixelsAre, AResolutionIsAScaleOnlyWithAUnit) {
  const auto with = [&](std::uint32_t resolution, int unit, const char* description = nullptr,
                        bool tiled = true) {
    TestDirectory d{test_tags(kWidth, kHeight, 3, tiled ? kTile : 0),
                    test_tiles(kWidth, kHeight, 3, kTile, value_at), tiled};
    if (!tiled) d.pieces = {std::string(3 * kWidth * kHeight, 'x')};
    d.tags[282] = d.tags[283] = {5, {resolution, 1}};
    if (unit > 0) d.tags[296] = {3, {static_cast<std::uint32_t>(unit)}};
    if (description != nullptr) d.tags[270] = {2, {}, description};
    return mpp(tiff("r.tif", {d}));
  };
  using testing::Optional;
  for (const bool tiled : {false, true}) {
    for (const std::uint32_t none : {1u, 72u, 300u, 20000u})
      EXPECT_EQ(with(none, 1, nullptr, tiled), std::nullopt) << none;
    EXPECT_THAT(with(20000, 3, nullptr, tiled), Optional(0.5));
    EXPECT_THAT(with(50800, 2, nullptr, tiled), Optional(0.5));
    EXPECT_THAT(with(50800, 0, nullptr, tiled), Optional(0.5)) << "inch, if the tag is absent";
    EXPECT_EQ(with(300, 2, nullptr, tiled), std::nullopt) << "a printer's";
    EXPECT_EQ(with(118, 3, nullptr, tiled), std::nullopt);
  }
  // ImageJ's unit is that of the tags (ij.io.TiffDecoder).
  for (const char* unit : {"micron", "um", "\xC2\xB5m", "\\u00B5m", "\xB5m"})
    EXPECT_THAT(with(2, 1, fmt::format("ImageJ=1.53t\nunit={}\n", unit).c_str()), Optional(0.5));
  EXPECT_THAT(with(2000, 1, "ImageJ=1.53t\nunit=mm\n"), Optional(0.5));
  EXPECT_THAT(with(20000, 3, "ImageJ=1.53t\nunit=cm\nspacing=1\n"), Optional(0.5));
  EXPECT_EQ(with(2, 1, "ImageJ=1.53t\nunit=pixel\n"), std::nullopt);
  EXPECT_EQ(with(2, 1, "ImageJ=1.53t\n"), std::nullopt);
  // Aperio's, with a comma as some systems write it.
  EXPECT_THAT(with(72, 2, "Aperio Image\r\nx|MPP = 0,500000"), Optional(0.5));
  EXPECT_THAT(with(72, 2, "Aperio Image\r\nx|MPP = 0.25|AppMag = 40"), Optional(0.25));
  // Of OME-XML, whatever the tags say.
  const auto ome = [](const char* size) {
    return fmt::format(
        "<OME xmlns=\"x\"><Image ID=\"Image:0\"><Pixels ID=\"Pixels:0\" {} SizeX=\"100\" "
        "SizeY=\"70\"/></Image></OME>",
        size);
  };
  EXPECT_THAT(with(72, 2, ome("PhysicalSizeX=\"0.25\" PhysicalSizeY=\"0.25\"").c_str()),
              Optional(0.25));
  EXPECT_THAT(with(72, 1,
                   ome("PhysicalSizeX=\"250\" PhysicalSizeXUnit=\"nm\" PhysicalSizeY=\"250\" "
                       "PhysicalSizeYUnit=\"nm\"")
                       .c_str()),
              Optional(0.25));
}

TEST_F(WhatPixelsAre, APngsRatioIsNoScale) {
  const auto physical = [](std::uint32_t number, int unit) {
    std::string out = "pHYs";
    for (int twice = 0; twice < 2; ++twice)
      for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(number >> shift & 255);
    return out + static_cast<char>(unit);
  };
  const auto of = [&](std::uint32_t number, int unit) {
    write_bytes(folder_ / "r.png", png_of(0, "", physical(number, unit)));
    return mpp(folder_ / "r.png");
  };
  for (const std::uint32_t none : {1u, 72u, 300u, 2000u, 2000000u})
    EXPECT_EQ(of(none, 0), std::nullopt) << none;
  EXPECT_NEAR(of(2000000, 1).value_or(0), 0.5, 1e-6);
  EXPECT_EQ(of(11811, 1), std::nullopt) << "300 dots an inch";
}

TEST_F(WhatPixelsAre, TransparentPixelsAreGlass) {
  Picture clear = noise_picture({40, 30}, 4);
  for (std::size_t i = 3; i < clear.samples.size(); i += 4) clear.samples[i] = i % 8 == 3 ? 0 : 255;
  for (const char* target : {"c.png", "c.tif", "t.tif[tile]", "d.tif[tile,compression=deflate]",
                             "l.webp[lossless]", "i.png[interlace]"}) {
    const fs::path path = save_image(folder_, target, clear);
    EXPECT_EQ(pixel(path, 4, 5), kWhite) << target;
    EXPECT_EQ(pixel(path, 5, 5), Colour(clear.at(5, 5), clear.at(5, 5) + 3)) << target;
    EXPECT_EQ(open_picture(path)->channels(), 3);
  }
  write_bytes(folder_ / "p.png", png_of(3, std::string("\1\1\1\2\2\2\3\3\3\4\4\5", 12)));
  EXPECT_EQ(pixel(folder_ / "p.png", 3, 0), (Colour{4, 4, 5}));
  // A colour that stands for nothing there (tRNS).
  Picture grey = noise_picture({8, 8}, 2);
  for (std::size_t i = 1; i < grey.samples.size(); i += 2) grey.samples[i] = 0;
  EXPECT_EQ(pixel(save_image(folder_, "g.png", grey, {.space = VIPS_INTERPRETATION_B_W}), 3, 3),
            (Colour{255}));
}

}  // namespace
}  // namespace histoloom
