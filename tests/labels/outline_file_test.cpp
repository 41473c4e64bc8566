#include "histoloom/labels/outline_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include "histoloom/pictures/vips.h"
#include "histoloom/pyramid/writer.h"
#include "labels/test_labels.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

class OutlineFile : public testing::Test {
 protected:
  OutlineFile() { start_vips(); }

  std::filesystem::path picture(int width, int height, int bands,
                                std::vector<std::uint8_t> pixels) {
    const std::string path = (scratch_ / "p.png").string();
    VipsImage* image = vips_image_new_from_memory_copy(pixels.data(), pixels.size(), width, height,
                                                       bands, VIPS_FORMAT_UCHAR);
    EXPECT_EQ(vips_pngsave(image, path.c_str(), nullptr), 0);
    g_object_unref(image);
    return path;
  }

  std::string refusal(const std::filesystem::path& path, CellSize size) {
    return message_of([&] { read_outline(path, size, labels_, {}); });
  }

  ScratchDirectory scratch_;
  LabelSet labels_ = tissue_labels();
};

TEST_F(OutlineFile, WhatIsBrightInAColourPictureIsGlass) {
  const auto path = picture(3, 1, 3, {240, 241, 239, 230, 190, 220, 210, 255, 210});
  EXPECT_THAT(drawing_of(*read_outline(path, {3, 1}, labels_, {})), ElementsAre("505"));
}

TEST_F(OutlineFile, ZeroInAMaskIsGlass) {
  const auto path = picture(2, 2, 1, {0, 255, 1, 0});
  EXPECT_THAT(drawing_of(*read_outline(path, {2, 2}, labels_, {})), ElementsAre("50", "05"));
}

TEST_F(OutlineFile, ACoarsePictureKeepsItsShareWithFrayedEdges) {
  std::vector<std::uint8_t> pixels(40 * 30);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = i % 40 >= 10 && i % 40 < 30 ? 255 : 0;
  const auto outline = read_outline(picture(40, 30, 1, pixels), {400, 300}, labels_, {});
  EXPECT_NEAR(tissue_fraction(*outline, 5), 0.5, 0.02);
  std::vector<std::string> rows = drawing_of(*outline);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  EXPECT_GT(rows.size(), 10u) << "edges are no straight lines";
}

// Read from a reduced level: 108 megapixels are more than are taken as they are.
TEST_F(OutlineFile, ASlideOfAnySizeIsRead) {
  constexpr PixelSize kSlide{12'000, 9'000};
  const std::filesystem::path path = scratch_ / "slide.svs";
  pyramid::WriterOptions options;
  options.size = kSlide;
  options.profile = pyramid::Profile::svs;
  options.mpp = 0.5;
  pyramid::PyramidWriter writer(path, options);
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(3 * 500 * kSlide.width), 240);
  for (std::size_t i = 0; i < rows.size(); i += 3)
    if (i / 3 % kSlide.width < kSlide.width / 4) rows[i + 1] = 90;
  for (std::int64_t y = 0; y < kSlide.height; y += 500)
    writer.write_rows({rows.data(), {kSlide.width, 500}, 3, 0});
  writer.finish();
  const auto outline = read_outline(path, {1500, 1125}, labels_, {});
  EXPECT_NEAR(tissue_fraction(*outline, 5), 0.25, 0.01);
  EXPECT_EQ(refusal(path, {1500, 1500}),
            "--layout " + path.string() +
                " has 1500x1125 px, which are not the proportions of the slide; change --size or "
                "crop it");
}

TEST_F(OutlineFile, RefusesWhatIsNoPictureOfTheSlide) {
  const auto path = picture(40, 30, 1, std::vector<std::uint8_t>(40 * 30));
  EXPECT_EQ(refusal(path, {400, 400}),
            "--layout " + path.string() +
                " has 40x30 px, which are not the proportions of the slide; change --size or crop "
                "it");
  EXPECT_EQ(refusal(scratch_ / "none.png", {4, 3}),
            (scratch_ / "none.png").string() +
                " can't be opened: No such file or directory; check the path");
  const auto two = picture(2, 1, 2, {0, 255, 0, 255});
  EXPECT_EQ(refusal(two, {2, 1}),
            "--layout " + two.string() +
                " has 2 bands of type uchar; give a picture of 8 bits in grey or RGB");
  labels_ = LabelSet::parse(R"({"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]}],
                                "unknown": 0})",
                            "model.json");
  EXPECT_EQ(refusal(path, {400, 300}),
            "--layout " + path.string() + " needs a label of glass, but the labels are 0 unknown");
}

}  // namespace
}  // namespace histoloom
