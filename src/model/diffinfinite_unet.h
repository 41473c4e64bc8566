// DiffInfinite's image U-Net (Aversa et al. 2023), with the published names and numbers.
//
// Its condition is one class and a mask of where it holds: the class scales and shifts every block,
// the mask asks a question in every attention. An evaluation knows one label, so a patch needs one
// for each label that it holds; an unlabelled patch is class 0 under an empty mask.
//
// Two things are computed otherwise than published, exactly: standardised weights are folded once,
// and attention is two rows. A query is W·1 where the mask is set and 0 where it isn't, so whole
// attention is one softmax row a head, and the mean of the values.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "histoloom/model/denoiser.h"
#include "layers.h"

namespace histoloom {

struct DiffInfiniteUNetConfig {
  int dim = 256;
  std::vector<int> dim_mults{1, 2, 4};
  int channels = 4;
  int num_classes = 5;
  int resnet_block_groups = 2;
  int block_per_layer = 2;  // the published code knows two
};

// What conditions a block: time and class, [B, 8 · dim], and the mask of each level.
struct DiffInfiniteCondition {
  at::Tensor embedding;           // SiLU has been applied
  std::vector<at::Tensor> masks;  // float32 [B, 1, h, w] of 0 and 1, by level
};

class DiffInfiniteUNet final : public Denoiser, public torch::nn::Module {
 public:
  explicit DiffInfiniteUNet(DiffInfiniteUNetConfig config);

  at::Tensor predict(const at::Tensor& x, const at::Tensor& time,
                     const at::Tensor& labels) override;
  int channels() const override { return config_.channels; }
  int labels() const override { return config_.num_classes; }
  int alignment() const override { return 1 << (config_.dim_mults.size() - 1); }
  bool one_evaluation_per_label() const override { return true; }
  double gflop_per_evaluation(int side) const override;
  NamedTensors parameters() override { return parameters_of(*this); }
  void set_training_dtype(DType dtype) override { dtype_ = scalar_type(dtype); }
  void prepare_inference(DType dtype) override;

 private:
  DiffInfiniteCondition condition(const at::Tensor& time, const at::Tensor& labels);

  DiffInfiniteUNetConfig config_;
  at::ScalarType dtype_ = at::kFloat;
  Conv init_{nullptr}, final_{nullptr};
  torch::nn::Linear time1_{nullptr}, time2_{nullptr}, class1_{nullptr}, class2_{nullptr};
  torch::nn::Embedding classes_{nullptr};
  struct Level;
  struct Layers;
  std::shared_ptr<Layers> layers_;
};

}  // namespace histoloom
