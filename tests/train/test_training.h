// Bundles of tiny networks and three images to train them on.
#pragma once

#include <gtest/gtest.h>

#include "histoloom/core/file.h"
#include "histoloom/train/train_options.h"
#include "networks/test_model.h"
#include "train/test_train.h"

namespace histoloom {

class Training : public testing::Test {
 protected:
  Training() {
    for (int i = 0; i < 3; ++i) {
      const PixelSize size{136 + 8 * i, 150 - 6 * i};
      const std::string name = "p" + std::to_string(i);
      std::filesystem::create_directories(scratch_ / "images");
      write_image(scratch_ / "images" / (name + ".png"), size, 3, blobs(size, i));
      if (i == 0) continue;
      std::vector<std::uint8_t> mask(static_cast<std::size_t>(size.area()), 1);
      std::fill(mask.begin(), mask.begin() + size.area() / 2, std::uint8_t{2});
      write_image(scratch_ / "images" / (name + "_mask.png"), size, 1, mask);
    }
  }

  // A bundle directory of its own; `weights`: with random ones.
  std::filesystem::path bundle(const char* name, bool weights = false) {
    nlohmann::ordered_json json = small_model_json();
    json["label_set"]["labels"].push_back({{"id", 2}, {"name", "other"}, {"color", {0, 0, 9}}});
    const std::filesystem::path path = scratch_ / name;
    write_small_bundle(path, json);
    if (!weights) {
      std::filesystem::remove(path / "denoiser.safetensors");
      std::filesystem::remove(path / "autoencoder.safetensors");
    }
    return path;
  }
  // A bundle with an autoencoder, whose denoiser is to be trained.
  std::filesystem::path half_bundle(const char* name) {
    const std::filesystem::path path = bundle(name, true);
    std::filesystem::remove(path / "denoiser.safetensors");
    return path;
  }
  TrainOptions options(const std::filesystem::path& model) {
    TrainOptions o = few_steps(model);
    o.data.images = scratch_ / "images";
    return o;
  }
  TrainOptions options_of_denoiser(TrainOptions o) {
    o.checkpoint = scratch_ / "d.pt";
    return o;
  }
  std::string weights_of(const std::filesystem::path& model, const char* network) {
    return read_file(model / (std::string(network) + ".safetensors"));
  }

  ScratchDirectory scratch_;
  SilentProgress silent_;
};

}  // namespace histoloom
