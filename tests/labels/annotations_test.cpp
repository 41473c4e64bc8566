#include "histoloom/labels/annotations.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "boundaries.h"
#include "histoloom/core/file.h"
#include "labels/test_labels.h"
#include "simplify.h"

namespace histoloom {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

using Points = std::vector<std::pair<int, int>>;

Points points_of(const std::vector<HalfCell>& line) {
  Points out;
  for (const HalfCell p : line) out.emplace_back(p.x, p.y);
  return out;
}

TEST(Simplified, StairsOfADigitalLineBecomeOneLine) {
  EXPECT_THAT(points_of(simplified({{0, 0}, {6, 0}, {6, 2}, {12, 2}}, 0.99)),
              ElementsAre(std::pair{0, 0}, std::pair{12, 2}));
  // Stairs of 45 degrees from the middle of a side to that of another.
  std::vector<HalfCell> stairs{{0, 0}};
  for (int i = 0; i < 20; ++i) {
    stairs.push_back({2 * i + 2, 2 * i});
    stairs.push_back({2 * i + 2, 2 * i + 2});
  }
  EXPECT_EQ(simplified(stairs, 0.99).size(), 4u) << "a line, and one at either end";
}

TEST(Simplified, ARectangleKeepsItsCornersAndNothingElse) {
  const std::vector<HalfCell> ring{{0, 0}, {20, 0}, {20, 10}, {0, 10}, {0, 0}};
  EXPECT_EQ(points_of(simplified(ring, 0.99)), points_of(ring));
}

TEST(Simplified, WithoutAToleranceEveryTurnStays) {
  const std::vector<HalfCell> line{{0, 0}, {2, 0}, {2, 2}, {4, 2}, {4, 4}};
  EXPECT_EQ(points_of(simplified(line, 0)), points_of(line));
}

double distance_to_segment(HalfCell p, HalfCell a, HalfCell b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double t =
      std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
  return std::hypot(a.x + t * dx - p.x, a.y + t * dy - p.y);
}

TEST(Simplified, NoTurnLiesFurtherAwayThanTheTolerance) {
  const LabelGrid grid = blots({90, 70}, 3, 1, 40);
  for (const double tolerance : {0.3, 0.7, 0.99}) {
    std::size_t turns = 0, points = 0;
    for (const Arc& arc : find_boundaries(grid, [](std::int64_t) {}).arcs) {
      const std::vector<HalfCell> line = simplified(arc.turns, tolerance);
      EXPECT_EQ(line.front(), arc.turns.front());
      EXPECT_EQ(line.back(), arc.turns.back());
      turns += arc.turns.size();
      points += line.size();
      for (const HalfCell turn : arc.turns) {
        double nearest = 1e9;
        for (std::size_t i = 0; i + 1 < line.size(); ++i)
          nearest = std::min(nearest, distance_to_segment(turn, line[i], line[i + 1]));
        EXPECT_LE(nearest, tolerance + 1e-9);
      }
    }
    EXPECT_LE(points, turns);
  }
}

TEST(Boundaries, TwoCellsHaveSixNodesAndSevenArcs) {
  const Boundaries found = find_boundaries(grid_of({"12"}), [](std::int64_t) {});
  EXPECT_THAT(found.labels, ElementsAre(255, 1, 2));
  EXPECT_EQ(found.arcs.size(), 7u);
  for (const Arc& arc : found.arcs) EXPECT_FALSE(arc.closed);
}

TEST(Boundaries, RegionsAreConnectedOverSidesNotCorners) {
  EXPECT_EQ(find_boundaries(grid_of({"12", "21"}), [](std::int64_t) {}).labels.size(), 5u);
  // A region that closes only in its last row is one.
  EXPECT_EQ(find_boundaries(grid_of({"151", "151", "111"}), [](std::int64_t) {}).labels.size(), 3u);
}

class Annotations : public testing::Test {
 protected:
  json geojson(const LabelField& field, const AnnotationOptions& options) {
    write(field, options, "a.geojson");
    return json::parse(read_file(scratch_ / "a.geojson"));
  }
  void write(const LabelField& field, const AnnotationOptions& options, const std::string& name) {
    SilentProgress progress;
    write_annotations(scratch_ / name, field, labels_, options, progress);
  }
  // What Shapely finds wrong with a file; see the script.
  std::string wrong(const LabelGrid& grid, const AnnotationOptions& options) {
    write(grid, options, "a.geojson");
    std::ofstream cells(scratch_ / "cells.txt");
    cells << options.slide.width << ' ' << options.slide.height << ' ' << options.factor << '\n';
    for (const std::string& row : drawing_of(grid)) cells << row << '\n';
    cells.close();
    const std::string command =
        fmt::format("/usr/bin/python3 {}/tests/labels/check_annotations.py {} {} > {}",
                    HISTOLOOM_SOURCE, (scratch_ / "a.geojson").string(),
                    (scratch_ / "cells.txt").string(), (scratch_ / "out.txt").string());
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read_file(scratch_ / "out.txt");
  }

  ScratchDirectory scratch_;
  LabelSet labels_ = tissue_labels();
};

TEST_F(Annotations, AreWhatQuPathImports) {
  const json root = geojson(grid_of({"555", "515", "555"}), {{24, 24}, 8, 4, "a slide"});
  EXPECT_EQ(root["type"], "FeatureCollection");
  ASSERT_EQ(root["features"].size(), 1u) << "glass has no polygon";
  const json& feature = root["features"][0];
  EXPECT_EQ(feature["type"], "Feature");
  EXPECT_EQ(feature["geometry"], json::parse(R"({"type": "Polygon",
                            "coordinates": [[[8,8],[16,8],[16,16],[8,16],[8,8]]]})"));
  EXPECT_EQ(feature["properties"], json::parse(R"({"objectType": "annotation", "name": "carcinoma",
                            "classification": {"name": "carcinoma", "color": [200, 0, 0]}})"));
  // python3 -c "import uuid; print(uuid.uuid5(uuid.UUID('5d1c0e7a-935f-4b0e-8e21-6ad437c952b8'),
  //   'a slide\n\"carcinoma\"\n[[[8,8],[16,8],[16,16],[8,16],[8,8]]]'))"
  EXPECT_EQ(feature["id"], "297902f6-3ff2-590f-9fd5-27aa2e69aae3");
}

TEST_F(Annotations, HolesAreRingsOfTheirPolygonAndRunTheOtherWay) {
  const json root = geojson(grid_of({"111", "151", "111"}), {{24, 24}, 8, 0, ""});
  ASSERT_EQ(root["features"].size(), 1u);
  EXPECT_EQ(root["features"][0]["geometry"]["coordinates"],
            json::parse("[[[0,0],[24,0],[24,24],[0,24],[0,0]],"
                        "[[8,8],[8,16],[16,16],[16,8],[8,8]]]"));
}

TEST_F(Annotations, ARingThatMeetsItselfAtACornerIsAHole) {
  const json root = geojson(grid_of({"511", "151", "111"}), {{24, 24}, 8, 0, ""});
  ASSERT_EQ(root["features"].size(), 1u);
  EXPECT_EQ(root["features"][0]["geometry"]["coordinates"].size(), 2u);
}

TEST_F(Annotations, EndAtTheSlideWhereTheLastCellReachesPastIt) {
  const json root = geojson(grid_of({"11", "11"}), {{13, 9}, 8, 4, ""});
  EXPECT_EQ(root["features"][0]["geometry"]["coordinates"],
            json::parse("[[[0,0],[13,0],[13,9],[0,9],[0,0]]]"));
}

TEST_F(Annotations, UnknownHasAPolygonUnlessThereIsNoGlass) {
  EXPECT_EQ(geojson(grid_of({"01"}), {{16, 8}, 8, 4, ""})["features"].size(), 2u);
  labels_ = LabelSet::parse(R"({"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
      {"id": 1, "name": "a", "color": [1, 2, 3]}], "unknown": 0})",
                            "model.json");
  EXPECT_EQ(geojson(grid_of({"01"}), {{16, 8}, 8, 4, ""})["features"].size(), 1u);
}

TEST_F(Annotations, HaveIdsOfTheirOwnThatStayTheSame) {
  const LabelGrid grid = grid_of({"1515", "5555", "2515"});
  const json once = geojson(grid, {{32, 24}, 8, 4, "seed 1"});
  EXPECT_EQ(geojson(grid, {{32, 24}, 8, 4, "seed 1"}), once);
  std::vector<std::string> ids;
  for (const auto* root : {&once}) {
    for (const json& feature : (*root)["features"]) ids.push_back(feature["id"]);
  }
  const json other = geojson(grid, {{32, 24}, 8, 4, "seed 2"});
  for (const json& feature : other["features"]) ids.push_back(feature["id"]);
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(ids.size(), 8u);
  EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
}

// With Shapely: polygons are valid, cover each cell's middle with its label and no other, don't
// overlap, and leave no gap.
TEST_F(Annotations, AgreeWithTheirCellsAndEachOtherSaysShapely) {
  if (std::system("/usr/bin/python3 -c 'import shapely' 2> /dev/null") != 0)
    GTEST_SKIP() << "python3-shapely is not installed";
  for (unsigned seed = 0; seed < 3; ++seed) {
    for (const double tolerance : {0.0, 4.0}) {
      SCOPED_TRACE(fmt::format("seed {}, tolerance {}", seed, tolerance));
      EXPECT_EQ(wrong(blots({61, 47}, seed, 0.5, 60), {{484, 371}, 8, tolerance, ""}), "");
      EXPECT_EQ(wrong(blots({30, 20}, seed, 0.2, 900), {{150, 100}, 5, tolerance / 8 * 5, ""}), "");
    }
  }
}

TEST_F(Annotations, AsapReadsGroupsAndPolygonsAndHolesOverThem) {
  write(grid_of({"111", "151", "111"}), {{24, 24}, 8, 4, ""}, "a.xml");
  const std::string xml = read_file(scratch_ / "a.xml");
  EXPECT_THAT(xml, HasSubstr("<ASAP_Annotations>\n<Annotations>\n"
                             "<Annotation Name=\"carcinoma 0\" Type=\"Polygon\" "
                             "PartOfGroup=\"carcinoma\" Color=\"#c80000\"><Coordinates>\n"
                             "<Coordinate Order=\"0\" X=\"0\" Y=\"0\"/>\n"
                             "<Coordinate Order=\"1\" X=\"24\" Y=\"0\"/>\n"));
  EXPECT_THAT(xml, HasSubstr("<Annotation Name=\"glass 1\" Type=\"Polygon\" PartOfGroup=\"glass\" "
                             "Color=\"#f5f5f5\"><Coordinates>\n<Coordinate Order=\"0\" X=\"8\""));
  EXPECT_THAT(xml, HasSubstr("<Group Name=\"stroma\" PartOfGroup=\"None\" Color=\"#f0aac8\">"
                             "<Attributes/></Group>\n"));
}

TEST_F(Annotations, FormatsGoByTheNameOfTheFile) {
  EXPECT_EQ(annotation_format("a/b.geojson"), AnnotationFormat::geojson);
  EXPECT_EQ(annotation_format("b.xml"), AnnotationFormat::asap);
  EXPECT_EQ(annotation_format("b.json"), std::nullopt);
}

TEST_F(Annotations, TheToleranceIsAtMostHalfACell) {
  validate_tolerance(4, 8, "--simplify");
  for (const double bad : {-1.0, 4.5, 1e300}) {
    EXPECT_EQ(
        message_of([&] { validate_tolerance(bad, 8, "--simplify"); }),
        fmt::format("--simplify must be from 0 to 4 px, half a cell of the mask, beyond which "
                    "lines could cross; got {:g}",
                    bad));
  }
  EXPECT_THAT(message_of([] { validate_tolerance(std::nan(""), 8, "--simplify"); }),
              HasSubstr("got nan"));
}

TEST_F(Annotations, LeaveTheOldFileWhereTheyCantBeWritten) {
  const std::filesystem::path path = scratch_ / "none" / "a.geojson";
  SilentProgress progress;
  EXPECT_EQ(message_of([&] {
              write_annotations(path, grid_of({"1"}), labels_, {{8, 8}, 8, 4, ""}, progress);
            }),
            path.string() + ": can't be written: No such file or directory");
}

}  // namespace
}  // namespace histoloom
