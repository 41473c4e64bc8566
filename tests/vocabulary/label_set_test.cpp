#include "histoloom/vocabulary/label_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch.h"
#include "vocabulary/test_label_set.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

TEST(LabelSet, HoldsLabelsByAscendingId) {
  const LabelSet set = LabelSet::parse(R"({"labels": [
      {"id": 7, "name": "fat", "color": [255, 255, 0]},
      {"id": 2, "name": "unknown", "color": [0, 0, 0]}], "unknown": 2})",
                                       "model.json");
  ASSERT_EQ(set.labels().size(), 2u);
  EXPECT_EQ(set.labels()[0].name, "unknown");
  EXPECT_THAT(set.labels()[1].colour, ElementsAre(255, 255, 0));
  EXPECT_EQ(set.unknown(), 2);
  EXPECT_EQ(set.glass(), std::nullopt);
  EXPECT_EQ(set.describe(), "2 unknown, 7 fat");
}

TEST(LabelSet, FindsLabelsByIdAndByName) {
  const LabelSet set = tissue_labels();
  ASSERT_NE(set.find(LabelId{3}), nullptr);
  EXPECT_EQ(set.find(LabelId{3})->name, "stroma");
  ASSERT_NE(set.find("necrosis"), nullptr);
  EXPECT_EQ(set.find("necrosis")->id, 2);
  EXPECT_EQ(set.find(LabelId{6}), nullptr);
  EXPECT_EQ(set.find("STROMA"), set.find("stroma"));
  EXPECT_EQ(set.find("stromal"), nullptr);
  EXPECT_EQ(set.find(""), nullptr);
  EXPECT_EQ(set.glass(), LabelId{5});
}

struct Defect {
  const char* json;
  const char* message;
};

class LabelSetRefuses : public testing::TestWithParam<Defect> {};

TEST_P(LabelSetRefuses, OneDefectWithItsMessage) {
  EXPECT_EQ(message_of([] { LabelSet::parse(GetParam().json, "model.json"); }),
            std::string("model.json: ") + GetParam().message);
}

#define A R"({"id": 0, "name": "a", "color": [1, 2, 3]})"
INSTANTIATE_TEST_SUITE_P(
    Table, LabelSetRefuses,
    testing::Values(
        Defect{"",
               "a label set must be a JSON object with a list \"labels\" of at least one label"},
        Defect{R"({"labels": [})",
               "a label set must be a JSON object with a list \"labels\" of at least one label"},
        Defect{R"({"labels": []})",
               "a label set must be a JSON object with a list \"labels\" of at least one label"},
        Defect{R"({"labels": [3], "unknown": 0})",
               "a label must be an object with id, name and color, got 3"},
        Defect{R"({"labels": [{"id": 0, "name": "a"}], "unknown": 0})",
               R"(label {"id":0,"name":"a"} has no "color"; add it)"},
        Defect{R"({"labels": [{"id": 255, "name": "a", "color": [1, 2, 3]}], "unknown": 0})",
               "the id of a label must be a whole number from 0 to 254, got 255"},
        Defect{R"({"labels": [{"id": -1, "name": "a", "color": [1, 2, 3]}], "unknown": 0})",
               "the id of a label must be a whole number from 0 to 254, got -1"},
        Defect{R"({"labels": [{"id": 1.5, "name": "a", "color": [1, 2, 3]}], "unknown": 0})",
               "the id of a label must be a whole number from 0 to 254, got 1.5"},
        Defect{R"({"labels": [{"id": 0, "name": "", "color": [1, 2, 3]}], "unknown": 0})",
               "the name of label 0 must be a text that is not empty, got \"\""},
        Defect{R"({"labels": [{"id": 0, "name": "a", "color": [1, 2]}], "unknown": 0})",
               "the color of label 0 must be three numbers from 0 to 255, got [1,2]"},
        Defect{R"({"labels": [{"id": 0, "name": "a", "color": [1, 2, 256]}], "unknown": 0})",
               "the color of label 0 must be three numbers from 0 to 255, got [1,2,256]"},
        Defect{R"({"labels": [)" A
               R"(, {"id": 0, "name": "b", "color": [1, 2, 3]}], "unknown": 0})",
               "label id 0 is given twice; ids must differ"},
        Defect{R"({"labels": [)" A
               R"(, {"id": 1, "name": "a", "color": [1, 2, 3]}], "unknown": 0})",
               "label name 'a' is given twice; names must differ"},
        Defect{R"({"labels": [)" A R"(]})", "a label set must say which id is \"unknown\"; add it"},
        Defect{R"({"labels": [)" A R"(], "unknown": 4})",
               "\"unknown\" is 4, which is not the id of a label (0 a)"},
        Defect{R"({"labels": [)" A R"(], "unknown": 0, "glass": 9})",
               "\"glass\" is 9, which is not the id of a label (0 a)"},
        Defect{R"({"labels": [)" A R"(], "unknown": 0, "glass": 0})",
               "\"unknown\" and \"glass\" must be two labels, both are 0"}));
#undef A

}  // namespace
}  // namespace histoloom
