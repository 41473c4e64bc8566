#include "annotation_mask.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "histoloom/core/file.h"
#include "histoloom/labels/annotations.h"
#include "histoloom/labels/mask_file.h"
#include "labels/test_labels.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

std::string feature(const std::string& coordinates, const std::string& properties,
                    const std::string& type = "Polygon") {
  return fmt::format(
      R"({{"type": "Feature", "geometry": {{"type": "{}", "coordinates": {}}}, "properties": {}}})",
      type, coordinates, properties);
}

std::string of_class(const std::string& name) {
  return fmt::format(R"({{"classification": {{"name": "{}"}}}})", name);
}

// A rectangle of pixels.
std::string box(int x0, int y0, int x1, int y1) {
  return fmt::format("[[{0},{1}],[{2},{1}],[{2},{3}],[{0},{3}],[{0},{1}]]", x0, y0, x1, y1);
}

std::string collection(const std::vector<std::string>& features) {
  return fmt::format(R"({{"type": "FeatureCollection", "features": [{}]}})",
                     fmt::join(features, ","));
}

std::unique_ptr<LabelField> mask_of(const std::string& text, PixelSize slide = {32, 24}) {
  std::istringstream in(text);
  return mask_of_annotations(in, "a.geojson", tissue_labels(),
                             {slide, 8, *tissue_labels().glass()});
}

std::vector<std::string> drawn(const std::string& text, PixelSize slide = {32, 24}) {
  return drawing_of(*mask_of(text, slide));
}

std::string refusal(const std::string& text) {
  return message_of([&] { mask_of(text); });
}

TEST(AnnotationMask, PolygonsPaintTheCellsWhoseMiddleTheyHold) {
  EXPECT_THAT(drawn(collection({feature("[" + box(8, 8, 21, 24) + "]", of_class("stroma"))})),
              ElementsAre("5555", "5335", "5335"));
  EXPECT_THAT(drawn(collection({feature("[" + box(8, 8, 20, 24) + "]", of_class("stroma"))})),
              ElementsAre("5555", "5355", "5355"))
      << "a middle on the right line is outside";
}

TEST(AnnotationMask, WhatNothingCoversIsGlassOrUnknownWithoutGlass) {
  EXPECT_THAT(drawn(collection({})), ElementsAre("5555", "5555", "5555"));
  const LabelSet bare = LabelSet::parse(R"({"labels": [{"id": 0, "name": "unknown",
      "color": [0, 0, 0]}, {"id": 1, "name": "a", "color": [1, 2, 3]}], "unknown": 0})",
                                        "model.json");
  std::istringstream in(collection({}));
  EXPECT_THAT(drawing_of(*mask_of_annotations(in, "a", bare, {{16, 8}, 8, bare.unknown()})),
              ElementsAre("00"));
}

TEST(AnnotationMask, HolesStayWhatTheyWere) {
  const std::string ring = "[" + box(0, 0, 24, 24) + "," + box(8, 8, 16, 16) + "]";
  EXPECT_THAT(drawn(collection({feature(ring, of_class("stroma"))})),
              ElementsAre("3335", "3535", "3335"));
}

TEST(AnnotationMask, LaterAnnotationsWin) {
  const std::string large = feature("[" + box(0, 0, 32, 24) + "]", of_class("stroma"));
  const std::string small = feature("[" + box(8, 8, 24, 16) + "]", of_class("other"));
  EXPECT_THAT(drawn(collection({large, small})), ElementsAre("3333", "3443", "3333"));
  EXPECT_THAT(drawn(collection({small, large})), ElementsAre("3333", "3333", "3333"));
}

TEST(AnnotationMask, ChildrenArePaintedOverTheirParent) {
  std::string parent = feature("[" + box(0, 0, 32, 24) + "]", of_class("stroma"));
  parent.pop_back();
  parent +=
      R"(, "childObjects": [)" + feature("[" + box(8, 8, 24, 16) + "]", of_class("other")) + "]}";
  EXPECT_THAT(drawn(collection({parent})), ElementsAre("3333", "3443", "3333"));
}

// QuPath 0.4 to 0.6 write them into the properties; both places may be nested in each other.
TEST(AnnotationMask, ChildrenAreFoundInThePropertiesToo) {
  const std::string leaf = feature("[" + box(16, 8, 24, 16) + "]", of_class("carcinoma"));
  const auto with_child = [](const std::string& coordinates, const std::string& name,
                             const std::string& child, bool in_properties) {
    const std::string list = R"("childObjects": [)" + child + "]";
    if (!in_properties) {
      std::string out = feature(coordinates, of_class(name));
      out.pop_back();
      return out + ", " + list + "}";
    }
    return feature(coordinates, R"({"objectType": "annotation", "classification": {"name": ")" +
                                    name + R"("}, )" + list + "}");
  };
  for (const bool outer : {false, true})
    for (const bool inner : {false, true}) {
      const std::string middle = with_child("[" + box(8, 8, 24, 16) + "]", "other", leaf, inner);
      const std::string whole = with_child("[" + box(0, 0, 32, 24) + "]", "stroma", middle, outer);
      const std::string after = feature("[" + box(24, 16, 32, 24) + "]", of_class("other"));
      for (const std::string& text : {collection({whole, after}), "[" + whole + "," + after + "]"})
        EXPECT_THAT(drawn(text), ElementsAre("3333", "3413", "3334")) << outer << inner;
      EXPECT_THAT(drawn(whole), ElementsAre("3333", "3413", "3333")) << "a lone Feature";
    }
  // No children: an empty list, null, and words.
  for (const char* none : {"[]", "null", "\"none\"", "{}"})
    EXPECT_THAT(drawn(feature("[" + box(0, 0, 8, 8) + "]",
                              std::string(R"({"name": "other", "childObjects": )") + none + "}")),
                ElementsAre("4555", "5555", "5555"));
}

TEST(AnnotationMask, AChildIsRefusedAsAnyOtherAnnotation) {
  EXPECT_EQ(refusal(feature("[" + box(0, 0, 8, 8) + "]",
                            R"({"name": "other", "childObjects": [)" +
                                feature("[" + box(0, 0, 8, 8) + "]", "{}") + "]}")),
            "a.geojson: annotation 2 has no class; the labels are " + tissue_labels().describe());
}

TEST(AnnotationMask, ALoneFeatureAndAnArrayOfFeaturesAreTaken) {
  const std::string one = feature("[" + box(0, 0, 8, 8) + "]", of_class("other"));
  for (const std::string& text : {one, "[" + one + "]", collection({one})})
    EXPECT_THAT(drawn(text), ElementsAre("4555", "5555", "5555"));
}

TEST(AnnotationMask, MultiPolygonsPaintAllTheirPolygons) {
  const std::string two = "[[" + box(0, 0, 8, 8) + "],[" + box(24, 16, 32, 24) + "]]";
  EXPECT_THAT(drawn(feature(two, of_class("other"), "MultiPolygon")),
              ElementsAre("4555", "5555", "5554"));
}

TEST(AnnotationMask, ASelfCrossingRingIsFilledByTheEvenOddRule) {
  // A bow tie on its side: its left and right wings.
  const std::string ring = "[[[0,0],[32,24],[32,0],[0,24]]]";
  EXPECT_THAT(drawn(feature(ring, of_class("other"))), ElementsAre("4554", "4444", "4554"));
}

TEST(AnnotationMask, WhatReachesPastTheSlideIsCut) {
  EXPECT_THAT(drawn(feature("[" + box(-1000, 8, 1000, 5000) + "]", of_class("other"))),
              ElementsAre("5555", "4444", "4444"));
}

TEST(AnnotationMask, ClassesAreFoundInEveryPlaceThatQuPathPutsThem) {
  const LabelSet labels = tissue_labels();
  for (const std::string name : {"stroma", "Stroma", "STROMA: Positive", "stroma: a: b"}) {
    ASSERT_NE(label_of_class(labels, name), nullptr) << name;
    EXPECT_EQ(label_of_class(labels, name)->id, 3);
  }
  EXPECT_EQ(label_of_class(labels, "strom"), nullptr);
  EXPECT_EQ(label_of_class(labels, ""), nullptr);
  for (const std::string properties :
       {R"({"classification": "other"})", R"({"classification": {"name": "Other", "color": -5}})",
        R"({"classification": {"names": ["Other", "Positive"]}})", R"({"name": "other"})",
        R"({"name": "mine", "classification": {"name": "other"}})"})
    EXPECT_THAT(drawn(feature("[" + box(0, 0, 8, 8) + "]", properties)),
                ElementsAre("4555", "5555", "5555"))
        << properties;
}

struct Refused {
  std::string text, message;
};

TEST(AnnotationMask, RefusesWithTheAnnotationAndTheCure) {
  const std::string ring = "[" + box(0, 0, 8, 8) + "]", other = of_class("other");
  const Refused cases[] = {
      {"", "a.geojson: is no valid JSON, from byte 1 on"},
      {"{\"type\": \"FeatureCollection\", \"features\": [",
       "a.geojson: is no valid JSON, from byte 44 on"},
      {"[1e999]", "a.geojson: holds a number that is too large to be read"},
      {"[NaN]", "a.geojson: is no valid JSON, from byte 2 on"},
      {"7",
       "a.geojson: holds no annotations; it needs a FeatureCollection, an array of Features or a "
       "Feature"},
      {"[7]", "a.geojson: holds something that is no Feature among its Features"},
      {std::string(70, '[') + std::string(70, ']'),
       "a.geojson: is nested deeper than 64; it is no annotation file"},
      {collection({feature(ring, other), feature(ring, "{}")}),
       std::string("a.geojson: annotation 2 has no class; ") + kAllLabels},
      {feature(ring, of_class("tumour")),
       std::string("a.geojson: annotation 1 is of class 'tumour', which is no label; ") +
           kAllLabels},
      {R"({"type": "Feature", "properties": {"name": "other"}})",
       "a.geojson: annotation 1 has no \"geometry\"; give it a Polygon or MultiPolygon"},
      {R"({"type": "Feature", "geometry": {"type": "GeometryCollection", "geometries": []}})",
       "a.geojson: annotation 1 is of type GeometryCollection, which has no area; draw a Polygon "
       "or MultiPolygon"},
      {R"({"type": "Feature", "geometry": {"type": "Polygon"}})",
       "a.geojson: annotation 1 has no \"coordinates\""},
      {feature("[7]", other), "a.geojson: annotation 1 has a ring that is no array of points"},
      {feature("[]", other), "a.geojson: annotation 1 has a polygon without rings"},
      {feature("[[[0,0],[8,8],[0,0]]]", other),
       "a.geojson: annotation 1 has a ring of 2 points; an area needs at least 3"},
      {feature("[[[0,0],[8],[0,8]]]", other),
       "a.geojson: annotation 1 has a point that is not [x, y]"},
      {feature("[[[0,0],[1e300,0],[0,8]]]", other),
       "a.geojson: annotation 1 has the coordinate 1e+300; they are pixels, from -10000000 to "
       "10000000"},
      {feature("[" + box(40, 0, 60, 24) + "]", other),
       "a.geojson: annotation 1 lies outside of the slide of 32x24 px: it reaches from (40, 0) to "
       "(60, 24); change --size, or remove it"}};
  for (const Refused& c : cases) EXPECT_EQ(refusal(c.text), c.message) << c.text.substr(0, 100);
}

TEST(AnnotationMask, EveryTruncationIsRefused) {
  const std::string whole = collection({feature("[" + box(0, 0, 8, 8) + "]", of_class("other"))});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THAT(refusal(whole.substr(0, size)),
                testing::StartsWith("a.geojson: is no valid JSON, from byte "))
        << size;
}

TEST(AnnotationMask, AHundredThousandPolygonsAreNoTrouble) {
  std::vector<std::string> features;
  for (int i = 0; i < 100'000; ++i)
    features.push_back(
        feature("[" + box(i % 317 * 8, i / 317 * 8, i % 317 * 8 + 8, i / 317 * 8 + 8) + "]",
                of_class("other")));
  const auto field = mask_of(collection(features), {317 * 8, 317 * 8});
  EXPECT_NEAR(tissue_fraction(*field, 5), 100'000.0 / (317 * 317), 1e-9);
}

// What write_annotations() wrote comes back cell for cell: its lines move by less than half a cell.
TEST(AnnotationMask, AnnotationsComeBackAsTheMaskTheyWere) {
  ScratchDirectory scratch;
  SilentProgress progress;
  const std::filesystem::path path = scratch / "a.geojson";
  for (unsigned seed = 0; seed < 8; ++seed) {
    for (const double tolerance : {0.0, 3.0, 4.0}) {
      SCOPED_TRACE(fmt::format("seed {}, tolerance {}", seed, tolerance));
      const LabelGrid grid = blots({97, 83}, seed, seed < 4 ? 0.3 : 3, seed < 4 ? 3000 : 60);
      write_annotations(path, grid, tissue_labels(), {{776, 664}, 8, tolerance, ""}, progress);
      EXPECT_EQ(cells_of(*read_mask(path, tissue_labels(), {776, 664}, 8)), grid.cells());
    }
  }
}

}  // namespace
}  // namespace histoloom
