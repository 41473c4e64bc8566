// What every training works by.
//
// A bundle directory holds model.json; training makes or improves the weights that it names. If the
// weights file exists, training goes on from it with a fresh optimiser. Weights of others are only
// replaced with `force`. model.json states the sum of what it wrote. A checkpoint (weights, EMA,
// optimiser, step) is written aside and renamed every `checkpoint_every` steps and when the user
// stops. `resume` continues from it and draws what an unbroken run would have drawn. The log,
// CHECKPOINT.csv, and curves with samples, CHECKPOINT.png, lie beside it (docs/training.md).
//
// Every training comes in two halves. The constructor reads and checks all that is given: model,
// images, masks, the checkpoint to go on from, and whether everything can be written. A UserError
// there means unusable input. run(), called once, does the work; a UserError there means a failure
// on the way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/networks/dtype.h"
#include "histoloom/train/image_set.h"

namespace histoloom {

// Masks of one context prompt.
struct MaskFolder {
  std::filesystem::path images;  // NAME.png with NAME_mask.png, or one-band NAME.png
  std::string prompt;            // a prompt of model.json; empty: the first
  bool coarser_only = false;     // whether it teaches the coarser scale of masks alone
};

// "DIR:PROMPT", or "DIR"; the last colon counts.
MaskFolder parse_mask_folder(const std::string& text);

enum class OptimizerKind { adamw, muon };

struct TrainOptions {
  std::filesystem::path model;  // the bundle's directory
  std::string stage;            // stage of a cascade whose network is trained; empty: the finest
  std::filesystem::path checkpoint;  // a file; kept until it is deleted by hand
  bool resume = false;
  // A checkpoint that is there may be replaced, and weights that this training did not make.
  bool force = false;
  ImageSetOptions data;  // images of autoencoder and denoiser
  // Masks of the mask denoiser; for it the slides of `data` count too, and what `data` says of both.
  std::vector<MaskFolder> masks;
  std::string slides_prompt;  // a prompt of model.json, which those slides show; empty: the first
  int steps = 4000;
  // The step after which this run ends, to be resumed; `steps`, and what depends on it, stays what
  // it is. 0: the run goes to the end.
  int stop_after = 0;
  int batch = 0;  // patches a step; 0: 32 for the denoiser, 16 for the others
  std::optional<OptimizerKind>
      optimizer;  // optimiser; none: muon for the denoiser, adamw for the others
  double learning_rate = 4e-4;
  double decay_share = 0.3;  // share of the steps, at the end, in which the rate falls as a cosine
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
  int threads = 0;  // threads; 0: all
  DType dtype = DType::bfloat16;
  // A bundle whose latents the autoencoder's first channels keep to; empty: none. The denoiser of
  // that bundle can then be trained on.
  std::filesystem::path keep_latents;
  // Trains the decoder alone: latents and their statistics stay, and so does the use of a denoiser
  // that was trained on them.
  bool decoder_only = false;
};

// Checks the options by themselves; UserError names the option.
void validate(const TrainOptions& options);

}  // namespace histoloom
