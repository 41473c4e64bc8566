// An evaluation with a feature network; the only file here that includes torch.
#include <gmock/gmock.h>
#include <torch/script.h>

#include "evaluation.h"

namespace histoloom::evaluate {
namespace {

// Features: the means of 12 parts of the patch; logits: the means of the channels.
void write_network(const std::filesystem::path& path, bool with_logits) {
  torch::jit::Module module("Network");
  const std::string features = "torch.adaptive_avg_pool2d(image, [2, 2]).flatten(1)";
  module.define("def forward(self, image):\n    return " +
                (with_logits ? "(" + features + ", 9 * image.mean([2, 3]))" : features) + "\n");
  module.save(path.string());
}

class NetworkRows : public testing::Test {
 protected:
  // Rows of synthetic pictures that are the training's (copies) or others.
  std::map<std::string, ReportRow> rows(bool copies, bool with_logits,
                                        std::int64_t training_patches = 1024,
                                        std::uint32_t images = 8) {
    for (const auto& [folder, seed] : {std::pair("real", 1u), std::pair("held", 101u),
                                       std::pair("synthetic", copies ? 1u : 201u)}) {
      std::filesystem::create_directories(scratch_ / folder);
      for (std::uint32_t i = 0; i < images; ++i)
        write_picture(scratch_ / folder / (std::to_string(i) + ".png"),
                      test_picture({96, 64}, seed + i));
    }
    write_network(scratch_ / "n.pt", with_logits);
    EvaluateOptions o;
    o.real = {scratch_ / "real"};
    o.synthetic = {scratch_ / "synthetic"};
    o.held_out = {scratch_ / "held"};
    o.features = scratch_ / "n.pt";
    o.patch = 32;
    o.directions = 2;
    o.replicates = 10;
    o.training_patches = training_patches;
    Warnings progress;
    std::map<std::string, ReportRow> out;
    for (const ReportRow& row : evaluate(o, open_inputs(o), progress).rows) out[row.measure] = row;
    warnings_ = progress.all;
    return out;
  }

  ScratchDirectory scratch_;
  std::vector<std::string> warnings_;
};

TEST_F(NetworkRows, CopiesHaveRealDistancesButNoAuthenticity) {
  auto found = rows(true, true);
  for (const char* same : {"fid", "kid", "precision", "recall"})
    EXPECT_DOUBLE_EQ(found.at(same).synthetic->value, found.at(same).real->value) << same;
  EXPECT_EQ(found.at("authenticity").synthetic->value, 0);
  EXPECT_GT(found.at("authenticity").real->value, 0.1);
  EXPECT_LT(found.at("c_t").synthetic->value, -5);
  // One half of the 48 held-out patches beside the other.
  EXPECT_NE(found.at("c_t").real->value, 0);
  EXPECT_LT(std::abs(found.at("c_t").real->value), 3);
}

TEST_F(NetworkRows, FewPatchesHaveNoInceptionScore) {
  auto found = rows(false, true);
  EXPECT_EQ(found.count("inception_score"), 0u);
  EXPECT_THAT(warnings_,
              testing::ElementsAre("inception_score is left out: it needs 100 patches a side, of "
                                   "which there are 48; give more images or a smaller --patch"));
  found = rows(false, true, 1024, 17);
  EXPECT_EQ(warnings_, std::vector<std::string>());
  EXPECT_GT(found.at("inception_score").synthetic->value, 1.0001);
  EXPECT_LT(found.at("inception_score").synthetic->value, 3);
}

TEST_F(NetworkRows, TooFewPatchesForCopyingAreSaid) {
  auto found = rows(false, false, 1024, 3);
  EXPECT_FALSE(found.at("c_t").synthetic);
  EXPECT_FALSE(found.at("c_t").real);
  EXPECT_THAT(
      warnings_,
      testing::ElementsAre(
          "c_t of synthetic patches is left out: no cluster of training patches holds 20 of them, "
          "and held-out ones; give more images",
          "c_t of real patches is left out: no cluster of training patches holds 20 of them, and "
          "held-out ones; give more images"));
}

TEST_F(NetworkRows, OtherImagesAreNoCopies) {
  auto found = rows(false, false);
  EXPECT_GT(found.at("authenticity").synthetic->value, 0.1);
  EXPECT_GT(found.at("c_t").synthetic->value, -3);
  EXPECT_EQ(found.count("inception_score"), 0u) << "the network gives no logits";
}

TEST_F(NetworkRows, FewerTrainingPatchesThanPatchesLeaveDistancesAsTheyAre) {
  auto all = rows(false, false), few = rows(false, false, 2);
  EXPECT_EQ(few.at("fid").real->value, all.at("fid").real->value);
  EXPECT_EQ(few.at("authenticity").real->value, all.at("authenticity").real->value)
      << "those that are compared are searched at least";
}

}  // namespace
}  // namespace histoloom::evaluate
