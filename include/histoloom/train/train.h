// Training of a bundle's networks.
//
// A bundle directory holds model.json; training makes or improves the weights that it names. Where
// the weights file exists, training goes on from it with a fresh optimiser. A checkpoint (weights,
// EMA, optimiser, step) is written aside and renamed every `checkpoint_every` steps and when the
// user stops; `resume` continues from it and draws what an unbroken run would have drawn.
#pragma once

#include <cstdint>
#include <filesystem>

#include "histoloom/core/progress.h"
#include "histoloom/model/denoiser.h"
#include "histoloom/train/image_set.h"

namespace histoloom {

struct TrainOptions {
  std::filesystem::path model;       // the bundle's directory
  std::filesystem::path checkpoint;  // a file; kept until it is deleted by hand
  bool resume = false;
  ImageSetOptions data;
  int steps = 4000;
  int batch = 0;  // 0: 16 for the autoencoder, 32 for the denoiser
  double learning_rate = 4e-4;
  double decay_share = 0.3;  // of the steps, at the end, in which the rate falls to 0 as a cosine
  double ema = 0.999;        // decay of the averaged weights, which are the ones that are kept
  double unconditional = 0.15;  // p_unc: how often a patch is shown without its labels
  int checkpoint_every = 500;
  std::uint64_t seed = 0;
  int threads = 0;  // 0: all
  DType dtype = DType::bfloat16;
};

// Checks what can be checked before any work; UserError names the option.
void validate(const TrainOptions& options);

// What training measured on the images that were held out (on the training images where none are).
struct AutoencoderReport {
  double psnr = 0;            // dB, mean over patches
  double power_ratio_db = 0;  // mean |log power spectrum| error of 8×8 DCT bands up to half Nyquist
};

// Trains the autoencoder (L1, L1 of gradients, the power of DCT bands, Kullback-Leibler), writes
// its weights in float16 and the latents' statistics in model.json.
AutoencoderReport train_autoencoder(const TrainOptions& options, Progress& progress);

// Trains the denoiser on cached latents of the images in eight orientations (DiffInfinite,
// Algorithm 1; the label map instead of one label), writes the averaged weights in float16.
// Returns the loss averaged over the last tenth of the steps.
double train_denoiser(const TrainOptions& options, Progress& progress);

}  // namespace histoloom
