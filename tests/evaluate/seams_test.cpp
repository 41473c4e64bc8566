#include "histoloom/evaluate/seams.h"

#include <gmock/gmock.h>

#include <cmath>

#include "test_pictures.h"

namespace histoloom::evaluate {
namespace {

using testing::ElementsAre;

SeamMeasure measured(const Picture& picture, const SeamGrid& grid) {
  return measure_seams({{&picture, grid}}, {});
}

// A step of `by` in every sample from each column of `columns` to the next.
Picture with_steps(Picture picture, const std::vector<std::int64_t>& columns, int by) {
  for (std::int64_t y = 0; y < picture.size.height; ++y)
    for (std::int64_t x = 0; x < picture.size.width; ++x) {
      const auto before = std::count_if(columns.begin(), columns.end(),
                                        [x](std::int64_t column) { return column <= x; });
      for (std::size_t c = 0; c < 3 && before % 2 == 1; ++c)
        picture.at(x, y)[c] = static_cast<std::uint8_t>(picture.at(x, y)[c] + by);
    }
  return picture;
}

TEST(SeamGrid, HasLinesAtTheFirstPhaseToo) {
  const SeamGrid grid = uniform_grid({100, 64}, 32, 5);
  EXPECT_THAT(grid.columns, ElementsAre(5, 37, 69));
  EXPECT_THAT(grid.rows, ElementsAre(5, 37));
  EXPECT_EQ(grid_of_lines({10, 50, 77}, {20}).period, 27);
}

TEST(SeamGrid, OfLinesThatDoNotAscendIsRefused) {
  EXPECT_EQ(message_of([] {
              grid_of_lines({8, 16, 16}, {});
            }),
            "a grid's lines must ascend, got 16 after 16");
}

// The numbers are those that tests/evaluate/reference.py prints.
TEST(Seams, MeasuresAreThoseOfNumpy) {
  const Picture picture = test_picture({203, 150}, 3);
  const SeamMeasure seams = measured(picture, uniform_grid(picture.size, 48));
  EXPECT_EQ(count_boundaries(picture.size, uniform_grid(picture.size, 48), {}), 4 + 2);
  EXPECT_EQ(seams.boundaries, 4 + 2) << "that at 144 of 150 has no cell behind it";
  EXPECT_NEAR(seams.gradient_ratio, 0.9615089287, 1e-8);
  ASSERT_TRUE(seams.z);
  EXPECT_NEAR(*seams.z, -2.820751458, 1e-6);
  EXPECT_NEAR(seams.density_step, 0.02742286, 1e-7);
  EXPECT_NEAR(seams.density_step_beside, 0.02973498, 1e-7);
}

TEST(Seams, APictureWithoutThemHasNone) {
  const Picture picture = test_picture({513, 511}, 3);
  const SeamMeasure seams = measured(picture, uniform_grid(picture.size, 64));
  EXPECT_NEAR(seams.gradient_ratio, 1, 0.03);
  ASSERT_TRUE(seams.z);
  EXPECT_LT(std::abs(*seams.z), 3);
  EXPECT_NEAR(seams.density_step, seams.density_step_beside, 0.3 * seams.density_step);
}

TEST(Seams, StepsAreFoundInRatioScoreAndDensity) {
  const Picture plain = test_picture({513, 257}, 3);
  const SeamGrid grid = uniform_grid(plain.size, 64);
  const SeamMeasure none = measured(plain, grid);
  const SeamMeasure seams = measured(with_steps(plain, grid.columns, 40), grid);
  EXPECT_GT(seams.gradient_ratio, none.gradient_ratio + 0.1);
  EXPECT_GT(*seams.z, 10);
  EXPECT_GT(seams.density_step, 1.5 * seams.density_step_beside);
}

TEST(Seams, OfAnotherPhaseAreNotFoundAtThisOne) {
  const Picture plain = test_picture({513, 257}, 3);
  const Picture stepped = with_steps(plain, uniform_grid(plain.size, 64, 21).columns, 60);
  EXPECT_LT(std::abs(*measured(stepped, uniform_grid(plain.size, 64)).z), 3);
  EXPECT_GT(*measured(stepped, uniform_grid(plain.size, 64, 21)).z, 10);
}

TEST(Seams, ATextureWithThePeriodOfACellIsNone) {
  Picture picture = test_picture({513, 511}, 3);
  for (std::int64_t y = 0; y < picture.size.height; ++y)
    for (std::int64_t x = 0; x < picture.size.width; ++x)
      for (std::size_t c = 0; c < 3; ++c)
        if (x % 8 == 0 || y % 8 == 0)
          picture.at(x, y)[c] = static_cast<std::uint8_t>(picture.at(x, y)[c] / 2);
  const SeamMeasure seams = measured(picture, uniform_grid(picture.size, 64));
  EXPECT_NEAR(seams.gradient_ratio, 1, 0.03);
  EXPECT_LT(std::abs(*seams.z), 3);
}

TEST(Seams, AreFoundAtIrregularLinesInRowsAndColumns) {
  const std::vector<std::int64_t> lines{47, 120, 201};
  const Picture plain = test_picture({257, 255}, 3);
  const Picture columns = with_steps(plain, lines, 40);
  EXPECT_GT(*measured(columns, grid_of_lines(lines, {})).z, 5);
  EXPECT_GT(*measured(transposed(columns), grid_of_lines({}, lines)).z, 5);
  EXPECT_LT(std::abs(*measured(columns, grid_of_lines({}, lines)).z), 3);
}

TEST(Seams, ArePooledOverPictures) {
  const std::vector<Picture> pictures = test_pictures(129, 1, 3);
  std::vector<CutPicture> cut;
  for (const Picture& picture : pictures) cut.push_back({&picture, uniform_grid(picture.size, 32)});
  EXPECT_EQ(measure_seams(cut, {}).boundaries, 3 * 2 * 3)
      << "the line at 128 has no room for a cell behind it";
}

TEST(Seams, HardTilingIsTheCeiling) {
  const std::vector<Picture> patches = test_pictures(80, 1, 5);
  const Picture tiled = hard_tiling(patches, 64, 4);
  EXPECT_EQ(tiled.size, (PixelSize{256, 256}));
  EXPECT_EQ(tiled.at(64 + 3, 5)[1], test_value(3, 5, 1, 2));
  EXPECT_EQ(tiled.at(64 + 3, 64 + 5)[1], test_value(3, 5, 1, 1)) << "the sixth tile";
  const SeamMeasure seams = measured(tiled, uniform_grid(tiled.size, 64));
  EXPECT_GT(seams.gradient_ratio, 1.1);
  EXPECT_GT(*seams.z, 5);
}

TEST(Seams, AGridWithoutALineInsideIsRefused) {
  const Picture picture = test_picture({65, 60}, 1);
  EXPECT_EQ(message_of([&] { measured(picture, uniform_grid(picture.size, 64)); }),
            "no boundary of the grid with a period of 64 px lies inside a picture with 8 px on "
            "either side; give larger pictures or another grid");
}

TEST(Seams, ShortPeriodsHaveNoScore) {
  const Picture picture = test_picture({65, 60}, 1);
  const std::vector<CutPicture> cut{{&picture, uniform_grid(picture.size, 8)}};
  EXPECT_EQ(measure_seams(cut, {.latent_factor = 2}).z, std::nullopt);
}

}  // namespace
}  // namespace histoloom::evaluate
