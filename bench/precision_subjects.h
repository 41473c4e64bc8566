// The networks whose precision is measured: a bundle's, and the published architectures.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "histoloom/bundle/bundle.h"
#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/denoiser.h"

namespace histoloom {

struct MeasuredAutoencoder {
  std::string name;
  std::function<std::unique_ptr<Autoencoder>(DType)> load;  // the same weights every time
};

struct MeasuredDenoiser {
  std::string name;
  ScheduleSpec schedule;
  std::function<std::unique_ptr<Denoiser>(DType)> load;  // the same weights every time
};

// An autoencoder and the denoisers that are measured on its latents.
struct PrecisionSubject {
  std::string weights;  // where they come from: "of BUNDLE", "random, …"
  int patch = 0;        // latent cells a side
  // Of the latents, channel by channel; empty: those of the measured images themselves.
  std::vector<float> latent_mean, latent_deviation;
  MeasuredAutoencoder autoencoder;
  std::vector<MeasuredDenoiser> denoisers;
};

// Pixels a latent cell of all published autoencoders here.
inline constexpr int kPublishedDownsampling = 8;

PrecisionSubject subject_of(const ModelBundle& bundle);

// AutoencoderKL with UNet2DConditionModel, and VQModel with DiffInfinite's two U-Nets, at the
// parity kit's sizes with the kit's weights: random, and at most 64 channels wide. \error UserError
// where the kit has no such file.
std::vector<PrecisionSubject> kit_subjects();

// The same at the sizes that were published, with random weights (no published weights come with
// the project). The largest takes 14 GB of memory.
std::vector<PrecisionSubject> full_size_subjects();

}  // namespace histoloom
