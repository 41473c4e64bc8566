// Images on disk for the tests of training.
#pragma once

#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "histoloom/pictures/vips.h"
#include "histoloom/train/autoencoder_training.h"
#include "histoloom/train/denoiser_training.h"
#include "histoloom/train/image_set.h"
#include "histoloom/train/mask_training.h"
#include "support/scratch.h"

namespace histoloom {

using Rgb = std::array<std::uint8_t, 3>;

// Writes `bytes`, bands interleaved, as a file of the kind that its name says.
inline void write_image(const std::filesystem::path& path, PixelSize size, int bands,
                        const std::vector<std::uint8_t>& bytes) {
  start_vips();
  VipsImage* image =
      vips_image_new_from_memory(bytes.data(), bytes.size(), static_cast<int>(size.width),
                                 static_cast<int>(size.height), bands, VIPS_FORMAT_UCHAR);
  // OpenSlide wants tiles.
  const int code = path.extension() == ".tif"
                       ? vips_tiffsave(image, path.c_str(), "tile", 1, nullptr)
                       : vips_pngsave(image, path.c_str(), nullptr);
  g_object_unref(image);
  ASSERT_EQ(code, 0) << vips_error_buffer();
}

inline std::vector<std::uint8_t> pixels_of(
    PixelSize size, const std::function<Rgb(std::int64_t, std::int64_t)>& f) {
  std::vector<std::uint8_t> out;
  for (std::int64_t y = 0; y < size.height; ++y)
    for (std::int64_t x = 0; x < size.width; ++x)
      for (const std::uint8_t v : f(x, y)) out.push_back(v);
  return out;
}

// Something like tissue: purple blobs on pink, shifted by `phase`.
inline std::vector<std::uint8_t> blobs(PixelSize size, double phase) {
  return pixels_of(size, [phase](std::int64_t x, std::int64_t y) {
    const double wave = std::sin(static_cast<double>(x) * 0.3 + phase) *
                        std::cos(static_cast<double>(y) * 0.23 - phase);
    const double t = 1 / (1 + std::exp(-6 * wave));
    const auto mix = [t](double a, double b) { return static_cast<std::uint8_t>(a + t * (b - a)); };
    return Rgb{mix(225, 90), mix(150, 50), mix(190, 140)};
  });
}

inline LabelSet train_labels() {
  return LabelSet::parse(R"({"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
                                        {"id": 1, "name": "tissue", "color": [200, 0, 0]},
                                        {"id": 2, "name": "other", "color": [0, 200, 0]},
                                        {"id": 3, "name": "glass", "color": [240, 240, 240]}],
                             "unknown": 0, "glass": 3})",
                         "model.json");
}

// A few quick steps; the checkpoint lies beside the bundle.
inline TrainOptions few_steps(const std::filesystem::path& model) {
  TrainOptions o;
  o.model = model;
  o.checkpoint = model.string() + ".pt";
  o.steps = 12;
  o.batch = 4;
  o.learning_rate = 5e-3;
  o.checkpoint_every = 5;
  o.seed = 9;
  o.threads = 1;
  o.dtype = DType::float32;
  o.force = true;
  return o;
}

inline AutoencoderReport train_autoencoder(const TrainOptions& options, Progress& progress) {
  return AutoencoderTraining(options).run(progress);
}
inline TrainingSummary train_denoiser(const TrainOptions& options, Progress& progress) {
  return DenoiserTraining(options).run(progress);
}
inline MaskReport train_mask_denoiser(const TrainOptions& options, Progress& progress) {
  return MaskTraining(options).run(progress);
}

}  // namespace histoloom
