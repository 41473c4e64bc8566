#include "histoloom/labels/pixel_region.h"

#include <gtest/gtest.h>

#include <numeric>

#include "support/scratch.h"
#include "test_labels.h"

namespace histoloom {
namespace {

// A square of 20 px with a hole of 4, and a triangle that overlaps it.
constexpr const char* kDrawing = R"({"type": "FeatureCollection", "features": [
  {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [
    [[10, 10], [30, 10], [30, 30], [10, 30], [10, 10]],
    [[18, 18], [22, 18], [22, 22], [18, 22], [18, 18]]]}},
  {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [
    [[30.5, 10], [30.5, 40.5], [0, 40.5], [30.5, 10]]]}}]})";

std::int64_t area(const std::vector<std::uint8_t>& inside) {
  return std::accumulate(inside.begin(), inside.end(), std::int64_t{0});
}

TEST(PixelRegion, ARectangleHoldsItsPixels) {
  const PixelRect rect{3, 4, 10, 9};
  const PixelRegion region = PixelRegion::rectangle(rect);
  EXPECT_EQ(region.box(), rect);
  EXPECT_EQ(area(region.inside(rect)), rect.area());
  const std::vector<std::uint8_t> around = region.inside({0, 0, 20, 20});
  EXPECT_EQ(area(around), rect.area());
  EXPECT_EQ(around[4 * 20 + 3], 1);
  EXPECT_EQ(around[4 * 20 + 2], 0);
  EXPECT_EQ(around[9 * 20 + 3], 0);
}

TEST(PixelRegion, PolygonsAreJoinedAndHolesAreNone) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "r.geojson", kDrawing);
  const PixelRegion region = PixelRegion::read(scratch / "r.geojson");
  EXPECT_EQ(region.box(), (PixelRect{0, 10, 31, 41}));
  const auto inside = region.inside({0, 0, 50, 50});
  const auto at = [&](std::size_t x, std::size_t y) { return inside[y * 50 + x]; };
  EXPECT_EQ(at(12, 12), 1) << "only in the square";
  EXPECT_EQ(at(28, 28), 1) << "in both";
  EXPECT_EQ(at(18, 18), 0) << "in the hole";
  EXPECT_EQ(at(5, 38), 1) << "only in the triangle";
  EXPECT_EQ(at(2, 12), 0);
  EXPECT_EQ(at(21, 21), 1) << "in the hole of one, but in the other";
}

TEST(PixelRegion, CellsHaveTheClassesOfTheirPolygons) {
  const ScratchDirectory scratch;
  // Two squares that overlap, one of them without a class, and one that meets half a cell.
  write_bytes(scratch / "r.geojson", R"([
    {"type": "Feature", "properties": {"name": "stroma"}, "geometry": {"type": "Polygon",
      "coordinates": [[[0, 0], [16, 0], [16, 16], [0, 16]]]}},
    {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon",
      "coordinates": [[[8, 8], [24, 8], [24, 24], [8, 24]]]}},
    {"type": "Feature", "properties": {"classification": "Carcinoma: Positive"}, "geometry":
      {"type": "Polygon", "coordinates": [[[24, 0], [26, 0], [26, 8], [24, 8]]]}}])");
  const PixelRegion region = PixelRegion::read(scratch / "r.geojson");
  EXPECT_TRUE(region.has_classes());
  EXPECT_FALSE(PixelRegion::rectangle({0, 0, 8, 8}).has_classes());
  const LabelSet labels = tissue_labels();
  const LabelId unknown = labels.unknown(), stroma = labels.find("stroma")->id,
                carcinoma = labels.find("carcinoma")->id;
  EXPECT_EQ(region.labels({0, 0, 4, 3}, 8, labels),
            (std::vector<LabelId>{stroma, stroma, unknown, carcinoma,  //
                                  stroma, unknown, unknown, unknown,   //
                                  unknown, unknown, unknown, unknown}));
}

TEST(PixelRegion, RefusesFilesWithoutAPolygon) {
  const ScratchDirectory scratch;
  const auto path = scratch / "r.geojson";
  EXPECT_EQ(message_of([&] { PixelRegion::read(path); }),
            path.string() + " can't be opened: No such file or directory; check the path");
  write_bytes(path, R"({"type": "FeatureCollection", "features": []})");
  EXPECT_EQ(message_of([&] { PixelRegion::read(path); }),
            path.string() + ": holds no polygon; draw the region in it");
}

}  // namespace
}  // namespace histoloom
