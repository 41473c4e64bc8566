// What a mask says of a slide: its size, its labels, and what the user may not have meant.
#include "mask_labels.h"

#include <gtest/gtest.h>

#include "fake_networks.h"
#include "histoloom/pictures/png.h"
#include "histoloom/pyramid/writer.h"
#include "label_shares.h"

namespace histoloom {
namespace {

constexpr PixelSize kSize{64, 48};

// The small bundle has 0 unknown, 1 tissue and 3 glass, at 0.5 microns a pixel and 8 px a cell.
class MaskLabelsTest : public RecipeTest {
 protected:
  // The left `columns` columns of pixels have one id, the others another.
  std::filesystem::path write_mask(int columns, LabelId left, LabelId right) const {
    std::vector<std::uint8_t> ids;
    for (std::int64_t i = 0; i < kSize.area(); ++i)
      ids.push_back(i % kSize.width < columns ? left : right);
    const auto path = scratch_ / "mask.png";
    write_png(path, {ids.data(), kSize, /*channels=*/1, /*stride=*/0});
    return path;
  }
  std::filesystem::path write_tiff(PixelSize size, double mpp) const {
    const auto path = scratch_ / "mask.tif";
    pyramid::WriterOptions options;
    options.size = size;
    options.channels = 1;
    options.compression = pyramid::Compression::deflate;
    options.reduction = pyramid::Reduction::mode;
    options.mpp = mpp;
    pyramid::PyramidWriter writer(path, options);
    const std::vector<std::uint8_t> ids(static_cast<std::size_t>(size.area()), 1);
    writer.write_rows({ids.data(), size, 1, 0});
    writer.finish();
    return path;
  }
  MaskLabels read(const MaskSource& mask) const {
    return read_mask_labels(mask, kSize, 1, bundle_);
  }
  std::string shares(const MaskLabels& labels) const {
    return text_of(label_shares(*labels.field, bundle_.labels));
  }
};

TEST_F(MaskLabelsTest, TwoValuesOfWhichOneIsUnknownAreWarnedOf) {
  const auto mask = write_mask(16, 1, 0);
  const MaskLabels labels = read({.file = mask});
  EXPECT_EQ(shares(labels), "100 % tissue");
  EXPECT_EQ(labels.warning,
            "mask " + mask.string() +
                " holds nothing but 75 % unknown, 25 % tissue: unknown is painted as tissue, too; "
                "--background LABEL says what it is, such as --background glass");
}

TEST_F(MaskLabelsTest, OtherMasksAreNot) {
  EXPECT_EQ(read({.file = write_mask(16, 1, 3)}).warning, "");
  EXPECT_EQ(read({.file = write_mask(64, 1, 0)}).warning, "") << "all of it has a label";
  EXPECT_EQ(read({.file = write_mask(16, 0, 0)}).warning, "") << "only an outline";
  const MaskLabels kept = read({.file = write_mask(16, 1, 0), .keep_unknown = true});
  EXPECT_EQ(kept.warning, "");
  EXPECT_EQ(shares(kept), "75 % unknown, 25 % tissue");
}

TEST_F(MaskLabelsTest, ABackgroundTakesWhatHasNoLabel) {
  for (const char* name : {"glass", "Glass", "3"}) {
    const MaskLabels labels = read({.file = write_mask(16, 1, 0), .background = name});
    EXPECT_EQ(labels.warning, "");
    EXPECT_EQ(shares(labels), "75 % glass, 25 % tissue") << name;
  }
  for (const std::string wrong : {"stroma", "0", "unknown", "2", "-3", "3 ", "259"})
    EXPECT_EQ(message_of([&] { read({.file = write_mask(16, 1, 0), .background = wrong}); }),
              "--background must be a label of the model other than unknown (0 unknown, 1 tissue, "
              "3 glass), got '" +
                  wrong + "'");
}

TEST_F(MaskLabelsTest, ABackgroundIsOutsideOfAnnotationsToo) {
  const auto drawn = scratch_ / "drawn.geojson";
  write_bytes(drawn,
              R"({"type": "Feature", "properties": {"name": "glass"}, "geometry":
                  {"type": "Polygon", "coordinates": [[[0, 0], [32, 0], [32, 48], [0, 48]]]}})");
  EXPECT_EQ(shares(read({.file = drawn, .background = "tissue"})), "50 % tissue, 50 % glass");
}

TEST_F(MaskLabelsTest, ASlideHasTheSizeOfItsMask) {
  EXPECT_EQ(size_of_slide(write_mask(16, 1, 0), bundle_.directory), kSize);
  EXPECT_EQ(size_of_slide(write_tiff({300, 200}, 0.5), bundle_.directory), (PixelSize{300, 200}));
}

TEST_F(MaskLabelsTest, OrSeveralTimesThatAsItsScaleSays) {
  EXPECT_EQ(size_of_slide(write_tiff({300, 200}, 4), bundle_.directory), (PixelSize{2400, 1600}));
  EXPECT_EQ(size_of_slide(write_tiff({300, 200}, 1.01), bundle_.directory), (PixelSize{600, 400}));
  const auto refusal = [&](double mpp) {
    const auto mask = write_tiff({300, 200}, mpp);
    return message_of([&] { size_of_slide(mask, bundle_.directory); });
  };
  const std::string mask = "mask " + (scratch_ / "mask.tif").string();
  EXPECT_EQ(refusal(0.7), mask + " states 0.7 microns a pixel, 1.4 times the model's; give --size");
  EXPECT_EQ(refusal(0.2), mask + " states 0.2 microns a pixel, 0.4 times the model's; give --size");
}

}  // namespace
}  // namespace histoloom
