// Our denoiser: a U-Net of DiffInfinite's kind (residual blocks with time as scale and shift,
// attention at the coarsest level, skips) that takes the whole label map as an input, so that a
// patch needs one evaluation however many labels it holds.
//
// Every block adds a 1×1 projection of the label map, pooled to its level, after its first norm:
// a norm over the patch would otherwise wash a label that fills it out.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "histoloom/networks/denoiser.h"
#include "histoloom/networks/label_map_unet_config.h"
#include "layers.h"

namespace histoloom {

class LabelMapBlockImpl : public torch::nn::Module {
 public:
  LabelMapBlockImpl(int in, int out, const LabelMapUNetConfig& config);
  // `time` [B, embedding] in float32; `labels` one-hot [B, labels - 1, h, w].
  at::Tensor forward(const at::Tensor& x, const at::Tensor& time, const at::Tensor& labels);
  double flop_per_position() const;

 private:
  GroupNorm norm1_{nullptr}, norm2_{nullptr};
  Conv conv1_{nullptr}, conv2_{nullptr}, skip_{nullptr}, label_{nullptr};
  torch::nn::Linear film_{nullptr};
};
TORCH_MODULE(LabelMapBlock);

class LabelMapUNet final : public Denoiser, public torch::nn::Module {
 public:
  explicit LabelMapUNet(LabelMapUNetConfig config);

  at::Tensor predict(const at::Tensor& x, const at::Tensor& time,
                     const at::Tensor& labels) override;
  int channels() const override { return config_.latent_channels; }
  int context_channels() const override { return config_.context_channels; }
  int labels() const override { return config_.labels; }
  int alignment() const override { return config_.fold << (config_.widths.size() - 1); }
  bool one_evaluation_per_label() const override { return false; }
  double gflop_per_evaluation(int side) const override;
  NamedTensors parameters() override { return parameters_of(*this); }
  void set_training_dtype(DType dtype) override { dtype_ = scalar_type(dtype); }
  void prepare_inference(DType dtype) override;

 private:
  struct Level {
    std::vector<LabelMapBlock> down, up;
    Conv shrink{nullptr}, grow{nullptr};  // missing at the coarsest, at the finest level
  };

  at::Tensor embed_time(const at::Tensor& time);
  // Planes of all labels but 0, [B, labels - 1, h, w].
  at::Tensor label_planes(const at::Tensor& labels) const;
  // The planes pooled to every level.
  std::vector<at::Tensor> label_pyramid(const at::Tensor& planes) const;

  LabelMapUNetConfig config_;
  at::ScalarType dtype_ = at::kFloat;
  torch::nn::Linear time1_{nullptr}, time2_{nullptr};
  Conv input_{nullptr}, output_{nullptr};
  std::vector<Level> levels_;
  LabelMapBlock middle1_{nullptr}, middle2_{nullptr};
  SelfAttention attention_{nullptr};
  GroupNorm output_norm_{nullptr};
};

}  // namespace histoloom
