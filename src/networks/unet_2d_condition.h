// UNet2DConditionModel (diffusers 0.14), the denoiser of Stable Diffusion 1 and 2, with the
// published names and numbers.
//
// It is conditioned by a context, a sequence of embeddings, that every attention block asks. As a
// denoiser it has a table of them, one context for each label and one for none (id 0), the tensor
// `context` [labels, tokens, width] beside the published ones in the weights file. An evaluation
// knows one label, the largest id of its label map. What a context's keys and values are depends
// only on the checkpoint, so they are computed once for each label.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "diffusers_attention.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/networks/unet_2d_condition_config.h"
#include "layers.h"

namespace histoloom {

class UNet2DCondition final : public Denoiser, public torch::nn::Module {
 public:
  explicit UNet2DCondition(UNet2DConditionConfig config);

  at::Tensor predict(const at::Tensor& x, const at::Tensor& time,
                     const at::Tensor& labels) override;
  // The prediction under any `context`, float32 [B, tokens, width].
  at::Tensor predict_under(const at::Tensor& x, const at::Tensor& time, const at::Tensor& context);
  int channels() const override { return config_.channels; }
  int labels() const override { return config_.labels; }
  int alignment() const override { return 1 << (config_.block_out_channels.size() - 1); }
  bool one_evaluation_per_label() const override { return true; }
  double gflop_per_evaluation(int side) const override;
  NamedTensors parameters() override { return parameters_of(*this); }
  void set_training_dtype(DType dtype) override { dtype_ = scalar_type(dtype); }
  void prepare_inference(DType dtype) override;

 private:
  // One entry for each attention block, in the order in which they are run.
  using Contexts = std::vector<KeysValues>;

  Contexts project(const at::Tensor& context);
  at::Tensor time_embedding(const at::Tensor& time);
  at::Tensor run(const at::Tensor& x, const at::Tensor& time, const Contexts& contexts);

  UNet2DConditionConfig config_;
  at::ScalarType dtype_ = at::kFloat;
  at::Tensor context_;
  Contexts of_labels_;  // [labels, tokens, …]; empty before prepare_inference()
  struct Layers;
  std::shared_ptr<Layers> layers_;
};

}  // namespace histoloom
