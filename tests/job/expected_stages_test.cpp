// The stages that a job expects, and what each costs.
#include "expected_stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_networks.h"
#include "networks/test_cascade.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

class ExpectedStages : public RecipeTest {
 protected:
  GenerateArguments arguments() const {
    GenerateArguments a;
    a.out = scratch_ / "slide.svs";
    a.model = scratch_ / "model";
    a.size = "2000x1200";
    a.threads = 2;
    a.dtype = "float32";
    a.steps = 4;
    a.guidance = 0;
    return a;
  }
  std::vector<ExpectedStage> stages_of(const GenerateArguments& a) {
    return slide_stages(parse(a), bundle_, bundle_, /*paints_labels=*/false, networks_);
  }
  static std::vector<std::string> names_of(const std::vector<ExpectedStage>& stages) {
    std::vector<std::string> out;
    for (const ExpectedStage& stage : stages) {
      EXPECT_GT(stage.cost, 0) << stage.name;
      EXPECT_FALSE(stage.ends_early) << stage.name;
      out.push_back(stage.name);
    }
    return out;
  }
};

TEST_F(ExpectedStages, OfASlideHasTheFilesOfLabelsLast) {
  GenerateArguments a = arguments();
  EXPECT_THAT(names_of(stages_of(a)), ElementsAre("painting latents", "decoding and writing"));
  a.mask_out = scratch_ / "labels.tif";
  a.annotations = scratch_ / "labels.geojson";
  EXPECT_THAT(names_of(stages_of(a)), ElementsAre("painting latents", "decoding and writing",
                                                  "writing labels", "tracing labels"));
}

// The networks cost 1 GFLOP an evaluation and a decoded cell.
TEST_F(ExpectedStages, CountsMoreForMoreStepsAndALargerSlide) {
  GenerateArguments a = arguments();
  const std::vector<ExpectedStage> few = stages_of(a);
  a.steps = 40;
  const std::vector<ExpectedStage> many = stages_of(a);
  EXPECT_GT(many[0].cost, 5 * few[0].cost);
  EXPECT_LT(many[0].cost, 10 * few[0].cost) << "steps that overlap are three in both";
  EXPECT_EQ(many[1].cost, few[1].cost);
  a.size = "4000x2400";
  const std::vector<ExpectedStage> large = stages_of(a);
  EXPECT_NEAR(large[0].cost / many[0].cost, 4, 0.5);
  EXPECT_NEAR(large[1].cost / many[1].cost, 4, 1e-9);
}

TEST_F(ExpectedStages, OfInpaintingEncodesMoreThanItDecodes) {
  GenerateArguments a = arguments();
  a.inpaint = scratch_ / "source.svs";
  a.region = "100,100,640,320";
  const std::vector<ExpectedStage> stages = inpaint_stages(parse(a), bundle_, networks_);
  EXPECT_THAT(names_of(stages),
              ElementsAre("encoding", "painting latents", "decoding and writing"));
  EXPECT_GT(stages[0].cost, stages[2].cost);
}

// A stage of a cascade counts by its own pixels, and what it sees of a coarser one if that is guided.
class ExpectedStagesOfACascade : public ExpectedStages {
 protected:
  ExpectedStagesOfACascade() {
    write_small_cascade(scratch_ / "cascade");
    bundle_ = ModelBundle::read(scratch_ / "cascade");
  }
};

TEST_F(ExpectedStagesOfACascade, CoarserOnesComeFirst) {
  GenerateArguments a = arguments();
  a.model = scratch_ / "cascade";
  a.guidance_interval = "0,1";
  const std::vector<ExpectedStage> plain = stages_of(a);
  EXPECT_THAT(names_of(plain), ElementsAre("painting overview latents", "decoding overview",
                                           "painting middle latents", "decoding middle",
                                           "painting latents", "decoding and writing"));
  a.context_guidance = 1;
  const std::vector<ExpectedStage> guided = stages_of(a);
  EXPECT_DOUBLE_EQ(guided[4].cost, 2 * plain[4].cost);
  EXPECT_DOUBLE_EQ(guided[2].cost, plain[2].cost) << "a coarser stage takes the model's";
  a.guidance = 1;
  EXPECT_DOUBLE_EQ(stages_of(a)[4].cost, 3 * plain[4].cost);
}

TEST_F(ExpectedStagesOfACascade, InpaintingGoesThroughAllStages) {
  GenerateArguments a = arguments();
  a.model = scratch_ / "cascade";
  a.inpaint = scratch_ / "source.svs";
  a.region = "100,100,640,320";
  EXPECT_THAT(names_of(inpaint_stages(parse(a), bundle_, networks_)),
              ElementsAre("encoding", "painting overview latents", "decoding overview", "encoding",
                          "painting middle latents", "decoding middle", "encoding",
                          "painting latents", "decoding and writing"));
}

TEST_F(ExpectedStages, OfLabelsAloneNeedsNoNetworkThatDoesNotPaint) {
  LabelArguments a;
  a.mask_out = scratch_ / "labels.tif";
  a.model = scratch_ / "model";
  a.size = "2000x1200";
  a.dtype = "float32";
  EXPECT_THAT(names_of(label_stages(parse(a), bundle_, /*paints_labels=*/false, networks_)),
              ElementsAre("writing labels"));
  EXPECT_EQ(networks_.asked, "");
}

}  // namespace
}  // namespace histoloom
