#include "histoloom/labels/mask_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/parallel_for.h>
#include <vips/vips.h>

#include <fstream>
#include <vector>

#include "labels/test_labels.h"

namespace histoloom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// PNGs of 2 × 2 px with indices 0 1 / 2 3, made with Python's zlib.
// Palette black, red, green, blue.
constexpr const char* kIndexed =
    "89504e470d0a1a0a0000000d49484452000000020000000208030000004568fd160000000c504c5445000000ff0000"
    "00ff000000ff9bc013dc0000000e49444154789c6360606460620600001100079ea22a120000000049454e44ae4260"
    "82";
// Six more entries, unused and black as entry 0 is.
constexpr const char* kUnusedEntries =
    "89504e470d0a1a0a0000000d49484452000000020000000208030000004568fd160000001e504c5445000000ff0000"
    "0909090000ff000000000000000000000000000000000000bebea4e40000000e49444154789c636060646062060000"
    "1100079ea22a120000000049454e44ae426082";
// The last pixel has index 9.
constexpr const char* kIndexNine =
    "89504e470d0a1a0a0000000d49484452000000020000000208030000004568fd160000001e504c5445000000ff0000"
    "0909090000ff0404640505640606640707640808640909646072bef30000000e49444154789c6360606460e2040000"
    "17000dbf24f4470000000049454e44ae426082";
// Entries 0 and 1 are black, told apart by transparency.
constexpr const char* kTransparent =
    "89504e470d0a1a0a0000000d49484452000000020000000208030000004568fd160000000c504c5445000000000000"
    "0909090000ff4ffca4280000000274524e5300ff5b9122b50000000e49444154789c63606064606206000011000"
    "79ea22a120000000049454e44ae426082";
// Grey values of 4 bits, which libvips would stretch to 0, 17, 34, 51.
constexpr const char* kFourBits =
    "89504e470d0a1a0a0000000d4948445200000002000000020400000000922dbff90000000c49444154789c63606450"
    "0600002a002502b7ffdb0000000049454e44ae426082";

// Indices of 4 bits; 1 and 2 are both red, and a background is named.
constexpr const char* kFourBitsIndexed =
    "89504e470d0a1a0a0000000d4948445200000002000000020403000000809810170000000c504c5445000000ff0000"
    "ff00000000ffb5607f9c00000001624b47440088051d480000000c49444154789c636064500600002a002502b7ffdb"
    "0000000049454e44ae426082";

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

class MaskFile : public testing::Test {
 protected:
  MaskFile() : labels_(tissue_labels()) { EXPECT_EQ(VIPS_INIT("labels_test"), 0); }

  std::filesystem::path write_bytes(const std::string& name, const std::string& bytes) {
    std::ofstream(scratch_ / name, std::ios::binary) << bytes;
    return scratch_ / name;
  }

  std::filesystem::path write_image(const std::string& name, int width, int height, int bands,
                                    std::vector<std::uint8_t> ids,
                                    VipsBandFormat format = VIPS_FORMAT_UCHAR) {
    VipsImage* image =
        vips_image_new_from_memory_copy(ids.data(), ids.size(), width, height, bands, format);
    const std::string path = (scratch_ / name).string();
    EXPECT_EQ(vips_image_write_to_file(image, path.c_str(), nullptr), 0) << vips_error_buffer();
    g_object_unref(image);
    return path;
  }

  std::vector<LabelId> cells(const std::filesystem::path& path, PixelSize slide, int factor) {
    const auto field = read_mask(path, labels_, slide, factor);
    EXPECT_EQ(field->size(), latent_size_for(slide, factor));
    std::vector<LabelId> out(static_cast<std::size_t>(field->size().area()));
    field->read(CellRect::of(field->size()), out.data());
    return out;
  }

  std::string refusal(const std::filesystem::path& path, PixelSize slide, int factor = 8) {
    return message_of([&] { read_mask(path, labels_, slide, factor); });
  }

  ScratchDirectory scratch_;
  LabelSet labels_;
};

TEST_F(MaskFile, OneValueACellIsTakenAsItIs) {
  const auto path = write_image("m.png", 3, 2, 1, {0, 1, 2, 3, 4, 5});
  EXPECT_THAT(cells(path, {24, 16}, 8), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(cells(path, {17, 9}, 8), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(MaskFile, TiffWorksToo) {
  const auto path = write_image("m.tif", 3, 2, 1, {0, 1, 2, 3, 4, 5});
  EXPECT_THAT(cells(path, {24, 16}, 8), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(MaskFile, ACellTakesTheMajorityOfItsPixels) {
  const auto path = write_image("m.png", 4, 2, 1,
                                {1, 3, 2, 2,  //
                                 3, 3, 2, 4});
  EXPECT_THAT(cells(path, {4, 2}, 2), ElementsAre(3, 2));
}

TEST_F(MaskFile, OnATieTheLowestIdThatIsNotUnknownWins) {
  const auto path = write_image("m.png", 4, 2, 1,
                                {0, 0, 4, 2,  //
                                 3, 3, 2, 4});
  EXPECT_THAT(cells(path, {4, 2}, 2), ElementsAre(3, 2));
}

TEST_F(MaskFile, AMaskFinerThanCellsIsReducedAndACoarserOneIsSpread) {
  const auto path = write_image("m.png", 2, 1, 1, {1, 3});
  // 16 px a mask pixel: two cells of 8 px each way.
  EXPECT_THAT(cells(path, {32, 16}, 8), ElementsAre(1, 1, 3, 3, 1, 1, 3, 3));
  // 4 px a mask pixel: both in one cell, a tie.
  EXPECT_THAT(cells(path, {8, 4}, 8), ElementsAre(1));
  // 12 px a mask pixel: the middle cell is split 4 to 4 (a tie), the last belongs to the second.
  EXPECT_THAT(cells(path, {24, 8}, 8), ElementsAre(1, 1, 3));
}

TEST_F(MaskFile, SizesThatAreNoMultiplesRoundUp) {
  // 33 × 100 px by 4 is 9 × 25 mask pixels and 5 × 13 cells.
  const auto path = write_image("m.png", 9, 25, 1, std::vector<std::uint8_t>(9 * 25, 4));
  EXPECT_EQ(cells(path, {33, 100}, 8), std::vector<LabelId>(5 * 13, 4));
}

TEST_F(MaskFile, OnePixelIsAMaskForAnySlide) {
  const auto path = write_image("m.png", 1, 1, 1, {3});
  EXPECT_EQ(cells(path, {100, 64}, 8), std::vector<LabelId>(13 * 8, 3));
  EXPECT_EQ(cells(path, {1, 1}, 8), std::vector<LabelId>(1, 3));
}

TEST_F(MaskFile, IndicesAndGreyValuesOfFewBitsAreIdsAsTheyStand) {
  for (const char* png : {kIndexed, kUnusedEntries, kTransparent, kFourBits, kFourBitsIndexed}) {
    const auto path = write_bytes("m.png", from_hex(png));
    EXPECT_THAT(cells(path, {16, 16}, 8), ElementsAre(0, 1, 2, 3));
  }
}

TEST_F(MaskFile, NamesWithBracketsAreNamesNotOptions) {
  std::filesystem::copy_file(write_image("m.png", 1, 1, 1, {3}), scratch_ / "m[page=3].png");
  EXPECT_THAT(cells(scratch_ / "m[page=3].png", {8, 8}, 8), ElementsAre(3));
}

TEST_F(MaskFile, ManyThreadsReadMasksAtOnce) {
  const auto path = write_image("m.png", 3, 2, 1, {0, 1, 2, 3, 4, 5});
  tbb::parallel_for(0, 32, [&](int) {
    EXPECT_THAT(cells(path, {24, 16}, 8), ElementsAre(0, 1, 2, 3, 4, 5));
  });
}

TEST_F(MaskFile, RefusesAMissingFileAndADirectory) {
  const std::string missing = (scratch_ / "none.png").string();
  EXPECT_EQ(refusal(missing, {8, 8}),
            missing + " can't be opened: No such file or directory; check the path");
  std::filesystem::create_directory(scratch_ / "d");
  EXPECT_EQ(refusal(scratch_ / "d", {8, 8}),
            (scratch_ / "d").string() + " is a directory; give an image");
}

TEST_F(MaskFile, RefusesWhatIsNoImage) {
  for (const std::string bytes : {"", "labels", "\x89PNG\n"}) {
    const auto path = write_bytes("m.png", bytes);
    const std::string message = refusal(path, {8, 8});
    EXPECT_THAT(message,
                StartsWith(path.string() + " can't be read as an image, it may be damaged ("));
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  const auto cut = write_bytes("m.png", "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(refusal(cut, {8, 8}),
            cut.string() + " is truncated: it has no end as every PNG has; fetch it again");
}

TEST_F(MaskFile, RefusesEveryTruncationOfAPng) {
  const std::string whole = from_hex(kIndexed);
  // The last 12 bytes are IEND, without which the pixels are still whole.
  for (std::size_t size = 0; size + 16 < whole.size(); ++size) {
    const auto path = write_bytes("m.png", whole.substr(0, size));
    EXPECT_THAT(refusal(path, {2, 2}, 1), StartsWith(path.string())) << size << " bytes";
  }
}

TEST_F(MaskFile, RefusesOtherFormatsWithTheCure) {
  const std::string cure = "save it with one band of 8 bits whose values are label ids";
  auto path = write_image("rgb.png", 1, 1, 3, {1, 2, 3});
  EXPECT_EQ(refusal(path, {8, 8}),
            "mask " + path.string() + " has 3 bands; " + cure +
                ", or say with --mask-colors which label each of its colours is");
  path = write_image("wide.tif", 1, 1, 1, {1, 0}, VIPS_FORMAT_USHORT);
  EXPECT_EQ(refusal(path, {8, 8}), "mask " + path.string() + " has pixels of type ushort; " + cure);
}

TEST_F(MaskFile, NamesTheFirstPixelOfAnUnknownId) {
  auto path = write_image("m.png", 3, 2, 1, {0, 1, 2, 3, 9, 8});
  EXPECT_EQ(refusal(path, {3, 2}), "mask " + path.string() +
                                       " has the value 9 at pixel (1, 1), which is no label id; " +
                                       kAllLabels);
  path = write_bytes("indexed.png", from_hex(kIndexNine));
  EXPECT_EQ(refusal(path, {2, 2}), "mask " + path.string() +
                                       " has the value 9 at pixel (1, 1), which is no label id; " +
                                       kAllLabels);
}

TEST_F(MaskFile, RefusesASizeThatDoesNotFit) {
  const auto path = write_image("m.png", 3, 2, 1, {0, 1, 2, 3, 4, 5});
  const auto expected = [&](const std::string& slide) {
    return "mask " + path.string() + " has 3x2 px, which does not fit a slide of " + slide +
           " px: it must have that size, or that size divided by a whole number; change --size or "
           "resize the mask";
  };
  EXPECT_EQ(refusal(path, {24, 24}), expected("24x24"));
  EXPECT_EQ(refusal(path, {2, 2}), expected("2x2"));
  EXPECT_EQ(refusal(path, {4, 2}), expected("4x2"));
}

// A TIFF of 2 × 2 indices, 0 1 / 2 3, whose colours are all black: strips, little-endian.
std::string indexed_tiff(int bits) {
  std::string out("II*\0\x8\0\0\0", 8);
  const auto little = [&out](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  };
  const std::uint32_t pixels = 8 + 2 + 9 * 12 + 4, colours = pixels + 4;
  const std::uint32_t entries = 1u << bits;
  const std::uint32_t tags[9][4] = {{256, 3, 1, 2},
                                    {257, 3, 1, 2},
                                    {258, 3, 1, static_cast<std::uint32_t>(bits)},
                                    {259, 3, 1, 1},
                                    {262, 3, 1, 3},
                                    {273, 4, 1, pixels},
                                    {277, 3, 1, 1},
                                    {279, 4, 1, bits == 8 ? 4u : 2u},
                                    {320, 3, 3 * entries, colours}};
  little(9, 2);
  for (const auto& tag : tags) {
    little(tag[0], 2);
    little(tag[1], 2);
    little(tag[2], 4);
    little(tag[3], 4);
  }
  little(0, 4);
  out += bits == 8 ? std::string("\0\1\2\3", 4) : std::string("\x01\x23\0\0", 4);
  return out + std::string(6 * entries, '\0');
}

TEST_F(MaskFile, IndicesOfATiffAreIdsAsTheyStand) {
  for (const int bits : {4, 8}) {
    const auto path = write_bytes("m.tif", indexed_tiff(bits));
    EXPECT_THAT(cells(path, {16, 16}, 8), ElementsAre(0, 1, 2, 3)) << bits;
  }
}

TEST_F(MaskFile, APyramidIsReadAtFullResolution) {
  const std::string path = (scratch_ / "p.tif").string();
  std::vector<std::uint8_t> ids(600 * 400, 1);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = i % 600 < 300 ? 3 : 4;
  VipsImage* image =
      vips_image_new_from_memory_copy(ids.data(), ids.size(), 600, 400, 1, VIPS_FORMAT_UCHAR);
  ASSERT_EQ(vips_tiffsave(image, path.c_str(), "tile", TRUE, "pyramid", TRUE, nullptr), 0);
  g_object_unref(image);
  EXPECT_THAT(cells(path, {600, 400}, 200), ElementsAre(3, 3, 4, 3, 3, 4));
}

TEST_F(MaskFile, ColoursAreLabelsWhereAFileSaysSo) {
  const auto path = write_image("rgb.png", 2, 1, 3, {200, 0, 0, 0, 0, 255});
  const auto colours = write_bytes("c.json", R"({"colors": [
      {"color": [200, 0, 0], "label": "carcinoma"}, {"color": [0, 0, 255], "label": 5}]})");
  const auto field = read_mask(path, labels_, {16, 8}, 8, {colours});
  EXPECT_THAT(drawing_of(*field), ElementsAre("15"));
}

TEST_F(MaskFile, RefusesColoursThatStandForNothing) {
  const auto rgb = write_image("rgb.png", 2, 1, 3, {200, 0, 0, 0, 0, 255});
  const auto grey = write_image("grey.png", 2, 1, 1, {1, 3});
  const auto with = [&](const std::filesystem::path& mask, const std::string& text) {
    const auto colours = write_bytes("c.json", text);
    return message_of([&] { read_mask(mask, labels_, {16, 8}, 8, {colours}); });
  };
  const std::string where = (scratch_ / "c.json").string();
  EXPECT_EQ(with(rgb, R"({"colors": [{"color": [200, 0, 0], "label": 1}]})"),
            "mask " + rgb.string() +
                " has the color [0, 0, 255] at pixel (1, 0), which --mask-colors lacks; add it");
  EXPECT_EQ(with(grey, R"({"colors": []})"),
            "mask " + grey.string() +
                " has 1 bands, --mask-colors needs one in RGB; leave --mask-colors out");
  EXPECT_EQ(with(rgb, "{"),
            where + ": needs {\"colors\": [{\"color\": [r, g, b], \"label\": name or id}, …]}");
  EXPECT_EQ(with(rgb, R"({"colors": [{"color": [1, 2, 3]}]})"),
            where + R"(: {"color":[1,2,3]} needs a "color" and a "label")");
  EXPECT_EQ(with(rgb, R"({"colors": [{"color": [1, 2, 3], "label": "tumour"}]})"),
            where + ": \"tumour\" is neither name nor id of a label; " + kAllLabels);
  EXPECT_EQ(with(rgb, R"({"colors": [{"color": [1, 2, 300], "label": 1}]})"),
            where + ": the color of carcinoma must be three numbers from 0 to 255, got [1,2,300]");
  EXPECT_EQ(with(rgb, R"({"colors": [{"color": [1, 2, 3], "label": 1},
                                     {"color": [1, 2, 3], "label": 2}]})"),
            where + ": the color [1,2,3] is given twice");
}

TEST_F(MaskFile, AnnotationsNeedNoColours) {
  const auto path = write_bytes("a.geojson", R"({"type": "FeatureCollection", "features": []})");
  EXPECT_EQ(message_of([&] {
              read_mask(path, labels_, {8, 8}, 8, {"c.json"});
            }),
            "mask " + path.string() + " has classes by their names; leave --mask-colors out");
}

}  // namespace
}  // namespace histoloom
