// What turns gradients into steps.
#pragma once

#include <torch/optim/adamw.h>
#include <torch/serialize/archive.h>

#include <vector>

#include "histoloom/networks/denoiser.h"
#include "histoloom/train/train_options.h"

namespace histoloom {

// AdamW (β 0.9 and 0.99, weight decay 1e-4), or Muon for weights of convolutions from at least 32
// channels to at least 32, and AdamW for all else. Parameters without a gradient are passed over.
//
// Muon (Jordan et al. 2024): the momentum of a weight, as a matrix [out, in·k·k], is replaced by
// the nearest one whose singular values are all alike, roughly, by five Newton-Schulz iterations.
// Its steps are scaled by 0.2·sqrt(max(rows, columns)), so that they are about as large as AdamW's
// and take the same learning rate (Liu et al. 2025, equation 4).
class Optimizer {
 public:
  // Shares the tensors. `dtype`, of Muon's matrix products: what the CPU multiplies fast, since
  // float32 gains nothing.
  Optimizer(const NamedTensors& parameters, OptimizerKind kind, DType dtype);

  void set_learning_rate(double rate);
  void zero_grad();
  void step();

  void save(torch::serialize::OutputArchive& archive) const;
  // \error c10::Error where the archive is of other parameters.
  void load(torch::serialize::InputArchive& archive);

 private:
  void step_matrix(const at::Tensor& weight, at::Tensor& momentum) const;

  DType dtype_;
  std::vector<at::Tensor> matrices_, momenta_;
  torch::optim::AdamW adam_;
  double rate_ = 0;
};

// The matrix [m, n] with its singular values brought to 0.7 to 1.2, roughly; those below some 0.002
// of its norm stay smaller.
at::Tensor orthogonalised(const at::Tensor& matrix, DType dtype);

}  // namespace histoloom
