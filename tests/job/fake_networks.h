// A bundle whose networks are functions, and what tests of recipes share.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "histoloom/core/progress.h"
#include "networks.h"
#include "networks/test_model.h"
#include "support/scratch.h"

namespace histoloom {

// Eight pixels a cell: encodes a cell's mean, decodes it as a flat block.
class FlatAutoencoder final : public Autoencoder {
 public:
  at::Tensor encode(const at::Tensor& image) override {
    return at::avg_pool2d(image, 8).narrow(1, 0, 1).expand({-1, 4, -1, -1}).contiguous();
  }
  at::Tensor decode(const at::Tensor& latents) override {
    return at::upsample_nearest2d(latents.narrow(1, 0, 3).contiguous(),
                                  {8 * latents.size(2), 8 * latents.size(3)});
  }
  at::Tensor encode_for_training(const at::Tensor& image, at::Tensor&) override { return image; }
  int channels() const override { return 4; }
  int downsampling() const override { return 8; }
  double gflop_per_decoded_cell() const override { return 1; }
  NamedTensors parameters() override { return {}; }
  void set_training_dtype(DType) override {}
  void prepare_inference(DType) override {}
};

// Half of what it is shown.
class HalvingDenoiser final : public Denoiser {
 public:
  at::Tensor predict(const at::Tensor& x, const at::Tensor&, const at::Tensor&) override {
    return x * 0.5;
  }
  int channels() const override { return 4; }
  int labels() const override { return 255; }
  int alignment() const override { return 1; }
  bool one_evaluation_per_label() const override { return false; }
  double gflop_per_evaluation(int) const override { return 1; }
  NamedTensors parameters() override { return {}; }
  void set_training_dtype(DType) override {}
  void prepare_inference(DType) override {}
};

class FakeNetworks final : public NetworkSource {
 public:
  Autoencoder& autoencoder() override {
    ask('a');
    return autoencoder_;
  }
  Denoiser& denoiser() override {
    ask('d');
    return denoiser_;
  }
  Autoencoder& coarser_autoencoder(std::size_t) override { return autoencoder(); }
  Denoiser& coarser_denoiser(std::size_t) override { return denoiser(); }
  Denoiser& label_denoiser() override { throw InternalError("a bundle without a mask denoiser"); }

  std::string asked;  // a letter a call
  std::function<void()> when_asked = [] {};

 private:
  void ask(char letter) {
    asked += letter;
    when_asked();
  }

  FlatAutoencoder autoencoder_;
  HalvingDenoiser denoiser_;
};

class RecipeProgress final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view) override {}
  bool stop_requested() const override { return false; }
};

// The small bundle on disk, without a mask denoiser.
class RecipeTest : public testing::Test {
 protected:
  RecipeTest() {
    write_small_bundle(scratch_ / "model", small_model_json());
    bundle_ = ModelBundle::read(scratch_ / "model");
  }

  ScratchDirectory scratch_;
  ModelBundle bundle_;
  FakeNetworks networks_;
  RecipeProgress progress_;
};

}  // namespace histoloom
