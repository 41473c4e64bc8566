#include "latent_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histoloom/core/file.h"
#include "networks/test_model.h"
#include "train/test_train.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

class Details final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view) override {}
  void update(std::int64_t, std::string_view text) override { last = text; }
  std::string last;
};

class LatentCache : public testing::Test {
 protected:
  LatentCache() {
    write_small_bundle(scratch_ / "model", small_model_json());
    for (const double phase : {0.0, 1.0}) {
      const PixelSize size{72, 89};
      TrainingImage image{"p", size, blobs(size, phase), {}, false};
      image.labels.assign(9 * 12, phase > 0 ? 1 : 0);
      images_.push_back(std::move(image));
    }
    options_.folder = scratch_ / "latents";
    options_.seed = 7;
  }

  std::vector<CachedLatents> run() {
    return latents_of(ModelBundle::read(scratch_ / "model"), images_, options_, progress_);
  }
  // How many images the last run read.
  std::string read_line(int count) {
    return std::to_string(count) + " read from " + options_.folder.string();
  }
  std::vector<fs::path> files() {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(options_.folder)) out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
  }

  ScratchDirectory scratch_;
  std::vector<TrainingImage> images_;
  LatentOptions options_;
  Details progress_;
};

void expect_same(const std::vector<CachedLatents>& a, const std::vector<CachedLatents>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(at::equal(a[i].latents, b[i].latents)) << i;
    EXPECT_TRUE(at::equal(a[i].labels, b[i].labels)) << i;
  }
}

TEST_F(LatentCache, ASecondRunReadsWhatTheFirstEncoded) {
  const auto first = run();
  EXPECT_EQ(progress_.last, read_line(0));
  ASSERT_EQ(first.size(), 16u);
  EXPECT_EQ(first[0].latents.scalar_type(), at::kHalf);
  EXPECT_EQ(first[0].latents.sizes(), (std::vector<std::int64_t>{4, 11, 9}));
  EXPECT_EQ(first[12].latents.sizes(), (std::vector<std::int64_t>{4, 9, 11}));
  EXPECT_EQ(first[12].labels.sizes(), (std::vector<std::int64_t>{9, 11}));
  EXPECT_EQ(files().size(), 2u);
  const auto second = run();
  EXPECT_EQ(progress_.last, read_line(2));
  expect_same(first, second);
  const fs::path folder = std::exchange(options_.folder, "");
  expect_same(first, run());
  EXPECT_EQ(progress_.last, "");
}

TEST_F(LatentCache, TheLatentsAreTheEncodersNormalised) {
  const auto latents = run();
  const ModelBundle bundle = ModelBundle::read(scratch_ / "model");
  at::NoGradGuard no_grad;
  const at::Tensor rgb = at::from_blob(images_[0].pixels.data(), {89, 72, 3}, at::kByte)
                             .narrow(0, 0, 88)
                             .permute({2, 0, 1})
                             .to(at::kFloat) /
                         255;
  const at::Tensor z =
      load_autoencoder(bundle, DType::float32)->encode(rgb.flip({-1}).unsqueeze(0).contiguous());
  const at::Tensor mean = at::tensor(bundle.latent.mean).view({4, 1, 1});
  const at::Tensor deviation = at::tensor(bundle.latent.deviation).view({4, 1, 1});
  const at::Tensor expected = (z.squeeze(0) - mean) / deviation;
  EXPECT_LT(largest_error(latents[1].latents.to(at::kFloat), expected), 1e-3);
}

TEST_F(LatentCache, LabelsAreTurnedAsTheirPixelsAre) {
  // 3 × 3 cells of label 2 in the upper right corner, where the image is black.
  images_.resize(1);
  TrainingImage& image = images_[0];
  for (std::size_t y = 0; y < 3; ++y)
    std::fill_n(image.labels.begin() + static_cast<std::ptrdiff_t>(9 * y + 6), 3, LabelId{2});
  for (std::ptrdiff_t y = 0; y < 24; ++y)
    std::fill_n(image.pixels.begin() + 3 * (72 * y + 48), 3 * 24, std::uint8_t{0});
  const auto black = run();
  image.pixels = blobs(image.size, 0);
  const auto plain = run();
  for (std::size_t i = 0; i < 8; ++i) {
    const at::Tensor difference =
        (black[i].latents.to(at::kFloat) - plain[i].latents.to(at::kFloat)).abs().sum(0);
    const at::Tensor labelled = black[i].labels == 2;
    EXPECT_EQ(labelled.sum().item<std::int64_t>(), 9);
    EXPECT_GT(difference.masked_select(labelled).mean().item<double>(),
              3 * difference.masked_select(labelled.logical_not()).mean().item<double>())
        << i;
  }
}

TEST_F(LatentCache, WhatChangedIsMadeAgain) {
  run();
  images_[1].pixels[100] ^= 1;
  run();
  EXPECT_EQ(progress_.last, read_line(1));
  nlohmann::ordered_json json = small_model_json();
  json["latent"]["deviation"][0] = 2;
  write_bytes(scratch_ / "model" / "model.json", json.dump());
  run();
  EXPECT_EQ(progress_.last, read_line(0));
  run();
  EXPECT_EQ(progress_.last, read_line(2));

  const fs::path weights = scratch_ / "model" / "autoencoder.safetensors";
  std::string bytes = read_file(weights);
  bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
  fs::remove(weights);
  write_bytes(weights, bytes);
  run();
  EXPECT_EQ(progress_.last, read_line(0));
}

TEST_F(LatentCache, DamagedFilesAreMadeAgain) {
  const auto first = run();
  const fs::path file = files()[0];
  const std::string whole = read_file(file);
  std::string flipped = whole;
  flipped[whole.size() - 3] = static_cast<char>(flipped[whole.size() - 3] ^ 4);
  for (const std::string& damaged :
       {std::string(), whole.substr(0, 4), whole.substr(0, 200), whole.substr(0, whole.size() - 1),
        flipped, std::string("rubbish that is long enough")}) {
    write_bytes(file, damaged);
    expect_same(first, run());
    EXPECT_EQ(progress_.last, read_line(1));
    EXPECT_TRUE(read_file(file) == whole);
  }
}

TEST_F(LatentCache, EveryOrientationHasStainsOfItsOwn) {
  const auto plain = run();
  options_.augment = 1;
  const auto stained = run();
  EXPECT_EQ(progress_.last, read_line(0));
  // Mirrored back, two orientations would agree but for the borders and the stain.
  const auto tone = [](const CachedLatents& c) { return c.latents.to(at::kFloat).mean({1, 2}); };
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_GT((tone(stained[i]) - tone(plain[i])).abs().max().item<double>(), 1e-4) << i;
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_GT((tone(stained[i]) - tone(stained[j])).abs().max().item<double>(), 1e-4) << i << j;
  }
  run();
  EXPECT_EQ(progress_.last, read_line(2));
  options_.seed = 8;
  run();
  EXPECT_EQ(progress_.last, read_line(0));
}

TEST_F(LatentCache, TheStainsOfAnImageDependOnNoOther) {
  options_.augment = 0.5;
  options_.folder.clear();
  const auto both = run();
  images_.erase(images_.begin());
  expect_same({both.begin() + 8, both.end()}, run());
}

TEST_F(LatentCache, GlassKeepsItsColour) {
  const auto with = [this](double augment) {
    options_.augment = augment;
    images_[0].pixels.assign(images_[0].pixels.size(), 240);
    images_.resize(1);
    return run();
  };
  expect_same(with(1), with(0));
}

TEST_F(LatentCache, AFolderThatCannotBeMadeIsNamed) {
  write_bytes(scratch_ / "file", "");
  options_.folder = scratch_ / "file" / "latents";
  EXPECT_EQ(message_of([&] { run(); }),
            "--latents " + options_.folder.string() + ": can't be made: Not a directory");
}

}  // namespace
}  // namespace histoloom
