// Training of the decoder alone: what latents depend on stays, of every autoencoder.
#include <gtest/gtest.h>

#include <map>

#include "histoloom/core/file.h"
#include "histoloom/networks/autoencoder.h"
#include "histoloom/train/autoencoder_training.h"
#include "histoloom/weights/safetensors.h"
#include "networks/test_model.h"
#include "train/test_train.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

class DecoderOnly : public testing::TestWithParam<const char*> {
 protected:
  DecoderOnly() {
    fs::create_directories(scratch_ / "images");
    write_image(scratch_ / "images" / "a.png", {144, 136}, 3, blobs({144, 136}, 1));
  }

  // A bundle with an autoencoder of `architecture` with random weights.
  fs::path bundle(const char* name, const std::string& architecture) {
    nlohmann::ordered_json json = small_model_json();
    if (architecture != json["autoencoder"]["architecture"]) {
      json["autoencoder"]["architecture"] = architecture;
      json["autoencoder"]["config"] =
          nlohmann::ordered_json::parse(read_text(kit() / (architecture + ".json")));
    }
    const fs::path path = scratch_ / name;
    fs::create_directories(path);
    write_bytes(path / "model.json", json.dump(2));
    const auto network =
        make_autoencoder(architecture, json["autoencoder"]["config"].dump(), "test");
    randomise(network->parameters(), 2);
    write_safetensors(path / "autoencoder.safetensors", network->parameters(), {});
    return path;
  }
  TrainOptions options(const fs::path& model) {
    TrainOptions o = few_steps(model);
    o.data.images = scratch_ / "images";
    o.steps = 3;
    o.batch = 2;
    o.checkpoint_every = 2;
    o.decoder_only = true;
    return o;
  }
  static void train(const TrainOptions& o) {
    SilentProgress silent;
    AutoencoderTraining(o).run(silent);
  }
  static std::map<std::string, at::Tensor> weights_of(const fs::path& model) {
    const SafetensorsFile file(model / "autoencoder.safetensors");
    std::map<std::string, at::Tensor> out;
    for (const std::string& name : file.names()) out[name] = read_tensor(file, name).to(at::kHalf);
    return out;
  }

  ScratchDirectory scratch_;
};

TEST_P(DecoderOnly, LeavesLatentsAndStatisticsAsTheyAre) {
  const fs::path model = bundle("a", GetParam());
  const auto json = nlohmann::ordered_json::parse(read_file(model / "model.json"));
  const std::map<std::string, at::Tensor> before = weights_of(model);
  train(options(model));
  auto now = nlohmann::ordered_json::parse(read_file(model / "model.json"));
  now["autoencoder"].erase("sha256");
  EXPECT_EQ(now, json);
  const std::map<std::string, at::Tensor> after = weights_of(model);
  ASSERT_EQ(after.size(), before.size());
  bool changed = false;
  for (const auto& [name, tensor] : before) {
    if (name.starts_with("decoder") || name.starts_with("post_quant_conv"))
      changed = changed || !at::equal(after.at(name), tensor);
    else
      EXPECT_TRUE(at::equal(after.at(name), tensor)) << name;
  }
  EXPECT_TRUE(changed);
}

INSTANTIATE_TEST_SUITE_P(Architectures, DecoderOnly,
                         testing::Values("pixel_shuffle_autoencoder", "autoencoder_kl",
                                         "vq_model"));

class DecoderOnlyOfOurs : public DecoderOnly {};

TEST_P(DecoderOnlyOfOurs, IsResumedBitForBit) {
  const fs::path whole = bundle("a", GetParam()), broken = bundle("b", GetParam());
  train(options(whole));
  TrainOptions o = options(broken);
  o.stop_after = 1;
  train(o);
  o.stop_after = 0;
  o.resume = true;
  train(o);
  EXPECT_TRUE(read_file(whole / "autoencoder.safetensors") ==
              read_file(broken / "autoencoder.safetensors"));
}

TEST_P(DecoderOnlyOfOurs, NeedsAnAutoencoder) {
  const fs::path model = bundle("a", GetParam());
  fs::remove(model / "autoencoder.safetensors");
  EXPECT_EQ(message_of([&] { train(options(model)); }),
            "--decoder-only: there is no autoencoder to go on from, " +
                (model / "autoencoder.safetensors").string() + " is missing; leave it out");
}

INSTANTIATE_TEST_SUITE_P(Ours, DecoderOnlyOfOurs, testing::Values("pixel_shuffle_autoencoder"));

}  // namespace
}  // namespace histoloom
