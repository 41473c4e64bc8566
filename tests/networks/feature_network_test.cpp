// Networks that describe images, and what is said where a file holds none.
#include "histoloom/networks/feature_network.h"

#include <gmock/gmock.h>
#include <torch/script.h>

#include "histoloom/bundle/bundle.h"
#include "histoloom/networks/reconstruct.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

class FeatureNetworkTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& body) const {
    torch::jit::Module module("Network");
    module.define("def forward(self, image):\n    " + body + "\n");
    module.save((scratch_ / "n.pt").string());
    return scratch_ / "n.pt";
  }
  std::string refusal(const std::string& body) const {
    const auto path = write(body);
    return message_of([&] { FeatureNetwork(path, 6); });
  }
  std::string says(const std::string& what) const {
    return (scratch_ / "n.pt").string() + ": " + what;
  }

  ScratchDirectory scratch_;
};

// Images of 6 × 6 px: one black but for a red 255 in its second pixel, one white.
const std::vector<std::uint8_t>& dot() {
  static const std::vector<std::uint8_t> image = [] {
    std::vector<std::uint8_t> out(6 * 6 * 3);
    out[3] = 255;
    return out;
  }();
  return image;
}
const std::vector<std::uint8_t> kWhite(6 * 6 * 3, 255);

TEST_F(FeatureNetworkTest, ReturnsARowForEachImage) {
  const FeatureNetwork network(write("return image[:, :, 0, 1]"), 6);
  const auto output = network.describe({dot(), kWhite});
  EXPECT_EQ(output.dimensions, 3u);
  EXPECT_THAT(output.features, testing::ElementsAre(1, 0, 0, 1, 1, 1));
  EXPECT_EQ(output.classes, 0u);
}

TEST_F(FeatureNetworkTest, ReturnsLogitsWhereTheNetworkGivesThem) {
  const FeatureNetwork network(
      write("return (image[:, :, 0, 1].double(), image.mean([2, 3])[:, :2])"), 6);
  const auto output = network.describe({kWhite});
  EXPECT_THAT(output.features, testing::ElementsAre(1, 1, 1));
  EXPECT_EQ(output.classes, 2u);
  EXPECT_THAT(output.logits, testing::Each(testing::FloatNear(1, 1e-6f)));
}

TEST_F(FeatureNetworkTest, OtherFilesAreRefused) {
  write_bytes(scratch_ / "n.pt", "no network");
  EXPECT_THAT(message_of([&] { FeatureNetwork(scratch_ / "n.pt", 6); }),
              testing::StartsWith(says("not a TorchScript file, as torch.jit.save writes it: ")));
  EXPECT_EQ(refusal("return image"),
            says("forward must return a row of numbers for each image, [1, D], it returns [1, 3, "
                 "6, 6]"));
  EXPECT_EQ(refusal("return image.mean()"),
            says("forward must return a row of numbers for each image, [1, D], it returns []"));
  EXPECT_EQ(
      refusal("return 3"),
      says("forward must return features, or a tuple of features and logits; it returns Int"));
  EXPECT_EQ(refusal("return image.log().mean([2, 3]) / 0"),
            says("forward returns numbers that aren't finite"));
  EXPECT_THAT(refusal("return image.view(1, 7)"),
              testing::StartsWith(says("the method 'forward' fails: ")));
}

TEST_F(FeatureNetworkTest, AnImageOfAnotherSizeIsABug) {
  const FeatureNetwork network(write("return image[:, :, 0, 1]"), 6);
  EXPECT_THAT(message_of<InternalError>([&] { network.describe({std::span(kWhite).first(9)}); }),
              testing::HasSubstr("an image has another size than the network was tried with"));
}

// With an autoencoder that halves every value.
TEST(Reconstruct, RoundsWhatTheDecoderGives) {
  ScratchDirectory scratch;
  torch::jit::Module module("Network");
  module.define("def encode(self, image):\n    return torch.pixel_unshuffle(image, 2)\n");
  module.define("def decode(self, latents):\n    return torch.pixel_shuffle(latents, 2) * 0.5\n");
  module.save((scratch / "n.pt").string());
  const auto network =
      make_autoencoder("torchscript", R"({"channels": 12, "downsampling": 2})", "model.json");
  network->load(scratch / "n.pt");
  std::vector<std::uint8_t> rgb;
  for (int i = 0; i < 4 * 2 * 3; ++i) rgb.push_back(static_cast<std::uint8_t>(10 * i));
  const std::vector<std::uint8_t> back = reconstruct(*network, rgb, {4, 2});
  ASSERT_EQ(back.size(), rgb.size());
  for (std::size_t i = 0; i < rgb.size(); ++i) EXPECT_EQ(back[i], rgb[i] / 2) << i;
}

}  // namespace
}  // namespace histoloom
