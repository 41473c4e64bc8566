// Training of a bundle's autoencoder.
#pragma once

#include <memory>

#include "histoloom/core/progress.h"
#include "histoloom/train/train_options.h"
#include "histoloom/train/training_summary.h"

namespace histoloom {

// What training measured on the images that were held out, or on all if none is.
struct AutoencoderReport {
  double psnr = 0;  // dB, mean over patches
  // The largest error of the power in a band of the 8×8 DCT, dB, mean over colour channels and
  // patches. Bands up to half of Nyquist's frequency count.
  double power_ratio_db = 0;
  TrainingSummary training;
};

// Trains the autoencoder (L1, L1 of gradients, the power of DCT bands, Kullback-Leibler). Writes its
// weights in float16, and their sum and the latents' statistics in model.json. With `decoder_only`
// it trains the decoder alone, by its reconstructions, and the statistics stay as they are; then
// \error UserError if the bundle has no autoencoder. Warns at the end of a denoiser that was trained
// on other latents.
class AutoencoderTraining {
 public:
  explicit AutoencoderTraining(const TrainOptions& options);
  ~AutoencoderTraining();
  AutoencoderReport run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
