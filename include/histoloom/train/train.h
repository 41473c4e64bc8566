// Training of a bundle's networks.
//
// A bundle directory holds model.json; training makes or improves the weights that it names. Where
// the weights file exists, training goes on from it with a fresh optimiser. A checkpoint (weights,
// EMA, optimiser, step) is written aside and renamed every `checkpoint_every` steps and when the
// user stops; `resume` continues from it and draws what an unbroken run would have drawn. Beside it
// lie the log, CHECKPOINT.csv, and curves with samples, CHECKPOINT.png (docs/training.md).
//
// Every training comes in two halves. Its constructor reads and checks all that it is given: model,
// images, masks, the checkpoint to go on from, and whether it can write; UserError there is
// unusable input. run(), called once, does the work; UserError there is a failure on the way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/core/progress.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/train/image_set.h"

namespace histoloom {

// Masks of one context prompt.
struct MaskFolder {
  std::filesystem::path images;  // NAME.png with NAME_mask.png, or one-band NAME.png
  std::string prompt;            // of model.json; empty: its first
};

// "DIR:PROMPT", or "DIR"; the last colon counts.
MaskFolder parse_mask_folder(const std::string& text);

enum class OptimizerKind { adamw, muon };

struct TrainOptions {
  std::filesystem::path model;       // the bundle's directory
  std::filesystem::path checkpoint;  // a file; kept until it is deleted by hand
  bool resume = false;
  bool force = false;    // a checkpoint that is there may be replaced
  ImageSetOptions data;  // of autoencoder and denoiser
  // Of the mask denoiser; there the slides of `data` count too, and what it says of both.
  std::vector<MaskFolder> masks;
  std::string slides_prompt;  // of model.json, that those slides show; empty: its first
  int steps = 4000;
  // The step after which this run ends, to be resumed; steps, and what depends on them, stay what
  // they are. 0: it runs to the end.
  int stop_after = 0;
  int batch = 0;  // 0: 16 for autoencoder and mask denoiser, 32 for the denoiser
  std::optional<OptimizerKind> optimizer;  // none: muon for the denoiser, adamw for the others
  double learning_rate = 4e-4;
  double decay_share = 0.3;  // of the steps, at the end, in which the rate falls to 0 as a cosine
  double ema = 0.999;        // decay of the averaged weights, which are the ones that are kept
  double unconditional = 0.15;  // p_unc: how often a patch is shown without its labels
  // How strongly the stains of autoencoder's and denoiser's images vary, 0 to 1 (docs/training.md).
  double augment = 0;
  // The denoiser sees every image turned by multiples of 90/turns degrees too; 1: only upright.
  int turns = 1;
  std::filesystem::path latents;  // where the denoiser's latents are kept; empty: in memory only
  int checkpoint_every = 500;
  // Checkpoints without a lower held-out loss after which training stops, the weights of the best
  // in the bundle; 0: it never does.
  int patience = 0;
  std::uint64_t seed = 0;
  int threads = 0;  // 0: all
  DType dtype = DType::bfloat16;
  // A bundle whose latents the autoencoder's first channels keep to, so that its denoiser can be
  // trained on; empty: none.
  std::filesystem::path keep_latents;
  // The autoencoder's encoder, and with it latents and their statistics, stay as they are in the
  // bundle; a denoiser that was trained on them stays of use.
  bool decoder_only = false;
};

// Checks the options by themselves; UserError names the option.
void validate(const TrainOptions& options);

enum class TrainingEnd { last_step, no_patience, stop_after };

// How a training ended.
struct TrainingSummary {
  double loss = 0;    // mean of the last tenth of the steps; where it stopped before, since the
                      // last row of the log, or in that row
  int steps = 0;      // taken, all runs together
  int best_step = 0;  // of the checkpoint whose weights the bundle has
  TrainingEnd end = TrainingEnd::last_step;
};

// What training measured on the images that were held out (on the training images where none are).
struct AutoencoderReport {
  double psnr = 0;  // dB, mean over patches
  // The largest error of the power in a band of the 8×8 DCT up to half of Nyquist's frequency, the
  // mean over colour channels and patches, dB.
  double power_ratio_db = 0;
  TrainingSummary training;
};

// Trains the autoencoder (L1, L1 of gradients, the power of DCT bands, Kullback-Leibler), writes
// its weights in float16 and the latents' statistics in model.json; with `decoder_only` the decoder
// alone, by its reconstructions, and model.json stays as it is. \error UserError there where the
// bundle has no autoencoder.
class AutoencoderTraining {
 public:
  explicit AutoencoderTraining(const TrainOptions& options);
  ~AutoencoderTraining();
  AutoencoderReport run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Trains the denoiser on cached latents of the images in eight orientations (DiffInfinite,
// Algorithm 1; the label map instead of one label), writes the averaged weights in float16.
class DenoiserTraining {
 public:
  explicit DenoiserTraining(const TrainOptions& options);
  ~DenoiserTraining();
  TrainingSummary run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct MaskReport {
  TrainingSummary training;  // losses are mean square errors over that of knowing nothing (1)
  // The share of annotated cells of held-out images (of the training images where none are) whose
  // class is guessed from the image as masks are completed by; NaN where no mask has an image.
  double completion_accuracy = 0;
};

// Trains the mask denoiser on masks that are completed first (docs/training.md), writes the
// averaged weights in float16.
class MaskTraining {
 public:
  explicit MaskTraining(const TrainOptions& options);
  ~MaskTraining();
  MaskReport run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
