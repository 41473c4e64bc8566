// DiffInfinite's U-Nets (Aversa et al. 2023), with the published names and numbers.
//
// The image U-Net's condition is one class and a mask of where it holds: the class scales and
// shifts every block, the mask asks a question in every attention. An evaluation knows one label,
// so a patch needs one for each label that it holds; an unlabelled patch is class 0 under an empty
// mask.
//
// The mask U-Net's condition is a class alone, the context of the whole mask. All of its published
// classes are contexts (`classes_emb` has a row for each), and 'no condition' has an embedding of
// its own, `null_classes_emb`. A label map hands it over by its largest id: 0 is no condition, i is
// class i − 1, so there is one label more than classes.
//
// Three things are computed otherwise than published, exactly: standardised weights are folded
// once, the image U-Net's attention is two rows, and what time and class bring to each block is
// looked up: W·silu([t, c]) = W_t·silu(t) + W_c·silu(c).
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

#include <map>
#include <mutex>
#include <vector>

#include "diffinfinite_layers.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/networks/diffinfinite_unet_config.h"

namespace histoloom {

class DiffInfiniteUNet final : public Denoiser, public torch::nn::Module {
 public:
  explicit DiffInfiniteUNet(DiffInfiniteUNetConfig config);

  at::Tensor predict(const at::Tensor& x, const at::Tensor& time,
                     const at::Tensor& labels) override;
  int channels() const override { return config_.channels; }
  int labels() const override;
  int alignment() const override { return 1 << (config_.dim_mults.size() - 1); }
  bool one_evaluation_per_label() const override { return true; }
  double gflop_per_evaluation(int side) const override;
  NamedTensors parameters() override { return parameters_of(*this); }
  void set_training_dtype(DType dtype) override { dtype_ = scalar_type(dtype); }
  void prepare_inference(DType dtype) override;

 private:
  struct Level {
    DiffInfiniteBlock first{nullptr}, second{nullptr};
    std::shared_ptr<DiffInfiniteAttention> attention;
    Conv resize{nullptr};
    bool changes_size = false;
  };

  void add_embeddings();
  void add_levels(const std::vector<int>& widths);
  DiffInfiniteBlock add_block(const std::string& path, int in, int out);
  std::shared_ptr<DiffInfiniteAttention> add_attention(const std::string& path, int channels,
                                                       bool middle);

  // SiLU of the embeddings, float32 [B, 4 · dim], of times and of label ids.
  at::Tensor embed_time(const at::Tensor& time);
  at::Tensor embed_label(const at::Tensor& id);
  // The scales and shifts of all blocks, float32 [B, columns].
  at::Tensor films(const at::Tensor& time, const at::Tensor& id);
  at::Tensor film_of_time(float time);
  // The mask at the size of each level, float32 [B, 1, h, w] of 0 and 1.
  std::vector<at::Tensor> mask_pyramid(const at::Tensor& labels) const;

  DiffInfiniteUNetConfig config_;
  at::ScalarType dtype_ = at::kFloat;
  Conv init_{nullptr}, final_{nullptr};
  torch::nn::Linear time1_{nullptr}, time2_{nullptr}, class1_{nullptr}, class2_{nullptr};
  torch::nn::Embedding classes_{nullptr};
  at::Tensor null_class_;  // of the mask U-Net
  std::vector<Level> downs_, ups_;
  DiffInfiniteBlock middle1_{nullptr}, middle2_{nullptr}, last_{nullptr};
  std::shared_ptr<DiffInfiniteAttention> middle_attention_;

  std::vector<DiffInfiniteBlock> blocks_;  // all of them, in the order of their columns
  int film_columns_ = 0;

  // Once prepared for inference: the films of each label, biases included, and of the times met.
  at::Tensor film_of_label_;
  std::mutex mutex_;
  std::map<float, at::Tensor> film_of_time_;
};

}  // namespace histoloom
