// The denoiser: one evaluation is one patch of latents through the network once.
//
// A denoiser is asked for a batch of patches. Each patch comes with a map of label ids, one a
// latent cell. 0 is 'no condition' there, so a map of zeros is the unconditional evaluation. A
// network that takes a whole label map needs one evaluation a patch. A network that takes one class
// at a time needs an evaluation for each label, with a map in which all other labels are 0.
#pragma once

#include <filesystem>

#include "histoloom/networks/dtype.h"
#include "histoloom/networks/parameters.h"

namespace histoloom {

class Denoiser {
 public:
  virtual ~Denoiser() = default;

  // Loads the weights file that model.json names: load_parameters() into parameters(), but for
  // networks that are more than their parameters.
  virtual void load(const std::filesystem::path& weights);

  // What the bundle's prediction type says (v, epsilon or x0) for the noisy latents `x` at `time`
  // under `labels`. Any thread after prepare_inference(). The result of a patch does not depend on
  // the others of its batch as long as the batch has the same shape.
  //   x          float32 [B, C + K, h, w]: latents, then the K planes of the context, if it has one
  //   result     float32 [B, C, h, w]
  //   time       float32 [B], in steps of the schedule
  //   labels     int64 [B, h, w]
  virtual at::Tensor predict(const at::Tensor& x, const at::Tensor& time,
                             const at::Tensor& labels) = 0;

  // Latent channels.
  virtual int channels() const = 0;
  // Planes of what it sees of a coarser stage (context_spec.h); 0: nothing.
  virtual int context_channels() const { return 0; }
  // The ids that a label map may hold: 0 to labels() - 1.
  virtual int labels() const = 0;
  // The sides of a patch are multiples of this many cells.
  virtual int alignment() const = 0;
  // Whether a patch needs one evaluation for each label it holds.
  virtual bool one_evaluation_per_label() const = 0;
  // Multiplies and adds of one evaluation of a patch of `side` × `side` cells, in units of 1e9.
  // Convolutions and matrix products are counted, element-wise work only if there is no other. Above
  // 0, and of large patches about proportional to their cells.
  virtual double gflop_per_evaluation(int side) const = 0;

  // The trainable tensors, at least one, each under a name of its own; they share memory with the
  // network. \error UserError for a network that can't be trained.
  virtual NamedTensors parameters() = 0;
  // Sets how convolutions and matrix products compute while training, float32 or bfloat16. Norms
  // stay in float32, and a network without convolutions and products has nothing to do.
  virtual void set_training_dtype(DType dtype) = 0;
  // Converts the weights for inference in `dtype`, float32 or bfloat16; they can't be trained after
  // that. Whatever the type, predict() takes and gives float32.
  virtual void prepare_inference(DType dtype) = 0;
};

}  // namespace histoloom
