// The reader of directories: what it finds in good files, and that no file can harm it.
#include "histoloom/pyramid/tiff_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "histoloom/core/error.h"
#include "histoloom/pyramid/verify.h"
#include "support.h"
#include "tiff_editor.h"

namespace histoloom::pyramid::test {
namespace {

using testing::HasSubstr;

using Bytes = std::vector<std::uint8_t>;

void save(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::ptrdiff_t(bytes.size()));
}

TiffFile parse(const Bytes& bytes) {
  const auto source = memory_byte_source(bytes);
  return read_tiff(*source, "slide.tif");
}

std::string error_of(const Bytes& bytes) {
  return message_of([&] { parse(bytes); });
}

Bytes small_slide(Profile profile, Container container = Container::automatic) {
  const Picture picture = waves(150, 110, 3);
  WriterOptions options = options_for(picture);
  options.profile = profile;
  options.container = container;
  options.tile = 64;
  options.mpp = 0.5;
  options.objective_power = 20;
  return write_to_memory(picture, options).bytes;
}

TEST(TiffFile, FactsAreThoseThatLibtiffReads) {
  const ScratchDirectory folder;
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    for (const auto container : {Container::classic, Container::big}) {
      save(folder / "a.tif", small_slide(profile, container));
      const TiffFile file = pyramid::read_tiff(folder / "a.tif");
      const ReadFile expected = read_tiff(folder / "a.tif");
      EXPECT_EQ(file.big, expected.big);
      ASSERT_EQ(file.chain.size(), expected.chain.size());
      ASSERT_EQ(file.chain[0].children.size(), expected.children.size());
      for (std::size_t i = 0; i < file.chain.size(); ++i) {
        const TiffImage& image = file.chain[i];
        const ReadDirectory& d = expected.chain[i];
        EXPECT_EQ(image.size.width, d.picture.width);
        EXPECT_EQ(image.size.height, d.picture.height);
        EXPECT_EQ(image.tiled, d.tiled);
        EXPECT_EQ(image.subfile, d.subfile);
        EXPECT_EQ(image.compression, d.compression);
        EXPECT_EQ(image.photometric, d.photometric);
        EXPECT_EQ(image.description.value_or(""), d.description);
        EXPECT_EQ(image.software, d.software);
        EXPECT_EQ(image.icc_bytes, d.icc_bytes);
        EXPECT_FLOAT_EQ(static_cast<float>(*image.x_resolution), d.x_resolution);
        EXPECT_EQ(image.pieces.expected, d.offsets.size());
        EXPECT_EQ(image.pieces.missing + image.pieces.outside, 0u);
        EXPECT_THAT(image.defects, testing::IsEmpty());
        EXPECT_EQ(image.jpeg.has_value(), image.compression == 7);
      }
    }
  }
}

TEST(TiffFile, BigEndianFilesAreRead) {
  // Written by hand: one strip of 2 × 3 grey pixels; the values of a SHORT stand to the left.
  const Bytes bytes{'M', 'M', 0, 42, 0, 0, 0, 14, 1, 2, 3, 4, 5, 6, 0, 6,  //
                    1,   0,   0, 3,  0, 0, 0, 1,  0, 2, 0, 0,              //
                    1,   1,   0, 3,  0, 0, 0, 1,  0, 3, 0, 0,              //
                    1,   2,   0, 3,  0, 0, 0, 1,  0, 8, 0, 0,              //
                    1,   6,   0, 3,  0, 0, 0, 1,  0, 1, 0, 0,              //
                    1,   17,  0, 4,  0, 0, 0, 1,  0, 0, 0, 8,              //
                    1,   23,  0, 4,  0, 0, 0, 1,  0, 0, 0, 6, 0, 0, 0, 0};
  const TiffFile file = parse(bytes);
  EXPECT_FALSE(file.little_endian);
  EXPECT_EQ(file.chain[0].size, (PixelSize{2, 3}));
  EXPECT_EQ(file.chain[0].bits_per_sample(), 8);
  EXPECT_EQ(file.chain[0].pieces.expected, 1u);
  EXPECT_EQ(file.chain[0].pieces.bytes, 6u);
}

TEST(TiffFile, WhatIsNoTiffIsRefusedInOneLine) {
  const std::string none = "slide.tif is no TIFF file: it doesn't begin with a TIFF header";
  EXPECT_EQ(error_of({}), none);
  EXPECT_EQ(error_of({'I', 'I', 42, 0}), none);
  EXPECT_EQ(error_of({'P', 'N', 'G', 0, 0, 0, 0, 0, 0}), none);
  EXPECT_EQ(error_of({'I', 'M', 42, 0, 8, 0, 0, 0, 0}), none);
  EXPECT_EQ(error_of({'I', 'I', 44, 0, 8, 0, 0, 0, 0}), none);
  EXPECT_EQ(error_of(Bytes(16, 0)), none);  // what a killed writer leaves
  EXPECT_EQ(error_of({'I', 'I', 43, 0, 8, 0, 0, 0}),
            "slide.tif: the header of the BigTIFF file is broken");
  EXPECT_EQ(error_of({'I', 'I', 42, 0, 0, 0, 0, 0}), "slide.tif: the TIFF file holds no image");
  EXPECT_EQ(error_of({'I', 'I', 42, 0, 99, 0, 0, 0}),
            "slide.tif: directory 0 lies at byte 99, but the file has 8; it is truncated");
  EXPECT_EQ(error_of({'I', 'I', 42, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
            "slide.tif: directory 0 at byte 8 claims 0 entries; the file is damaged");
  EXPECT_EQ(error_of({'I', 'I', 42, 0, 8, 0, 0, 0, 255, 255, 0, 0, 0, 0}),
            "slide.tif: directory 0 at byte 8 claims 65535 entries; the file is damaged");
  EXPECT_EQ(error_of({'I', 'I', 42, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0}),
            "slide.tif: directory 0 at byte 8 reaches past the end of the file (14 bytes); it is "
            "truncated");
}

TEST(TiffFile, ACircleOfDirectoriesIsRefused) {
  Bytes bytes = small_slide(Profile::generic);
  // The last directory's link, found through the header, points to the first.
  const auto number = [&](std::size_t at, std::size_t n) {
    std::size_t v = 0;
    for (std::size_t i = 0; i < n; ++i) v |= std::size_t{bytes[at + i]} << (8 * i);
    return v;
  };
  std::size_t at = number(4, 4);
  std::size_t link = 0;
  while (at != 0) {
    link = at + 2 + 12 * number(at, 2);
    at = number(link, 4);
  }
  std::copy_n(bytes.begin() + 4, 4, bytes.begin() + std::ptrdiff_t(link));
  EXPECT_THAT(error_of(bytes),
              HasSubstr("its directories run in a circle, directory 2 leads back"));
}

TEST(TiffFile, PathsThatCantBeReadAreNamed) {
  const ScratchDirectory folder;
  const auto message = [](const std::filesystem::path& path) {
    return message_of([&] { pyramid::read_tiff(path); });
  };
  EXPECT_EQ(message(folder / "none.tif"),
            (folder / "none.tif").string() +
                " can't be opened: No such file or directory; check the path");
  EXPECT_EQ(message(folder.path()), folder.path().string() + " is not a file");
}

TEST(TiffFile, EveryTruncationIsAnErrorOrAFinding) {
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    for (const auto container : {Container::classic, Container::big}) {
      const Bytes whole = small_slide(profile, container);
      for (std::size_t size = 0; size != whole.size();
           size = std::min(whole.size(), size + (size > 64 ? 7 : 1))) {
        const Bytes part(whole.begin(), whole.begin() + std::ptrdiff_t(size));
        try {
          const VerifyReport report = verify(parse(part));
          EXPECT_TRUE(report.has_errors()) << size << " of " << whole.size() << " bytes";
        } catch (const UserError& error) {
          EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
        }
      }
    }
  }
}

TEST(TiffFile, RandomDamageNeverDoesMoreThanAnError) {
  const unsigned seed = 20261120;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    const Bytes whole =
        small_slide(profile, profile == Profile::ome ? Container::big : Container::automatic);
    // The directories lie at the end; damage there hits tags, counts and links.
    const std::size_t from = whole.size() > 6000 ? whole.size() - 6000 : 0;
    for (int round = 0; round < 3000; ++round) {
      Bytes bytes = whole;
      for (int i = 0; i < 1 + round % 4; ++i) {
        const std::size_t at =
            round % 8 == 0 ? random() % 16 : from + random() % (whole.size() - from);
        bytes[at] = static_cast<std::uint8_t>(random());
      }
      try {
        describe(verify(parse(bytes)));
      } catch (const UserError&) {
      }
    }
  }
}

TEST(TiffFile, ClaimsOfHugeArraysAllocateNothing) {
  const ScratchDirectory folder;
  save(folder / "a.tif", small_slide(Profile::generic));
  TiffEditor editor(folder / "a.tif");
  editor.chain[0].find(324).count = 0x40000000;
  editor.chain[0].find(270).count = 0xFFFFFFFF;
  editor.save(folder / "b.tif");
  const TiffFile file = pyramid::read_tiff(folder / "b.tif");
  EXPECT_THAT(
      file.chain[0].defects,
      testing::ElementsAre("ImageDescription claims 4294967295 values, more than the file holds",
                           "TileOffsets claims 1073741824 values, more than the file holds"));
}

// A file of 3 GiB of which only the first bytes are there; the rest is zeros.
class SparseSource final : public ByteSource {
 public:
  explicit SparseSource(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return std::uint64_t{3} << 30; }
  void read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    if (offset >= bytes_.size()) return;
    const auto count = std::min<std::uint64_t>(out.size(), bytes_.size() - offset);
    std::copy_n(bytes_.begin() + std::ptrdiff_t(offset), count, out.begin());
  }

 private:
  Bytes bytes_;
};

TEST(TiffFile, MoreTilesThanCanBeLookedAtAreCountedButNotRead) {
  const ScratchDirectory folder;
  save(folder / "a.tif", small_slide(Profile::generic));
  TiffEditor editor(folder / "a.tif");
  auto& first = editor.chain[0];
  first.set_long(256, 2000000);
  first.set_long(257, 2000000);
  first.find(324).count = (1u << 27) + 1;
  first.find(325).count = (1u << 27) + 1;
  editor.save(folder / "b.tif");
  SparseSource source(bytes_of(folder / "b.tif"));
  const TiffFile file = read_tiff(source, "b.tif");
  EXPECT_FALSE(file.chain[0].pieces.scanned);
  std::vector<std::string> texts;
  for (const Finding& finding : verify(file).findings) texts.push_back(finding.text);
  EXPECT_THAT(texts, testing::Contains("directory 0: 976562500 tiles are too many to look at"));
}

}  // namespace
}  // namespace histoloom::pyramid::test
