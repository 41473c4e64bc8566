// Networks from TorchScript files: whatever architecture, as long as it has the signature that
// docs/models.md states. Such a file is a program, which is run.
#pragma once

#include <torch/script.h>

#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/networks/torchscript_config.h"

namespace histoloom {

// A module of a file. Errors name the file, the method and the first line of what torch says.
class TorchScriptModule {
 public:
  // UserError where the file can't be opened, is no TorchScript, or lacks one of the methods.
  void load(const std::filesystem::path& path, const std::vector<std::string>& methods);
  // What the method returns, whatever it is. UserError where it fails. Any thread.
  torch::jit::IValue run(const std::string& method, const std::vector<at::Tensor>& arguments);
  // What the method returns, in float32. UserError where it fails, or returns anything but a tensor
  // of this shape. Any thread.
  at::Tensor call(const std::string& method, const std::vector<at::Tensor>& arguments,
                  at::IntArrayRef shape);

 private:
  std::filesystem::path path_;
  torch::jit::Module module_;
};

class TorchScriptDenoiser final : public Denoiser {
 public:
  // Errors of a training begin with `where`.
  TorchScriptDenoiser(TorchScriptDenoiserConfig config, std::string where)
      : config_(config), where_(std::move(where)) {}

  // Ends with a trial run.
  void load(const std::filesystem::path& weights) override;
  at::Tensor predict(const at::Tensor& x, const at::Tensor& time,
                     const at::Tensor& labels) override;
  int channels() const override { return config_.channels; }
  int labels() const override { return config_.labels; }
  int alignment() const override { return config_.alignment; }
  bool one_evaluation_per_label() const override { return config_.one_evaluation_per_label; }
  double gflop_per_evaluation(int side) const override {
    return config_.gflop_per_cell * side * side;
  }
  NamedTensors parameters() override;
  void set_training_dtype(DType dtype) override;
  // The module computes in its own dtype, whichever is asked for.
  void prepare_inference(DType) override {}

 private:
  TorchScriptDenoiserConfig config_;
  std::string where_;
  TorchScriptModule module_;
};

class TorchScriptAutoencoder final : public Autoencoder {
 public:
  TorchScriptAutoencoder(TorchScriptAutoencoderConfig config, std::string where)
      : config_(config), where_(std::move(where)) {}

  // Ends with a trial run.
  void load(const std::filesystem::path& weights) override;
  at::Tensor encode(const at::Tensor& image) override;
  at::Tensor decode(const at::Tensor& latents) override;
  at::Tensor encode_for_training(const at::Tensor& image, at::Tensor& regularisation) override;
  int channels() const override { return config_.channels; }
  int downsampling() const override { return config_.downsampling; }
  double gflop_per_decoded_cell() const override { return config_.gflop_per_cell; }
  NamedTensors parameters() override;
  void set_training_dtype(DType dtype) override;
  void prepare_inference(DType) override {}

 private:
  TorchScriptAutoencoderConfig config_;
  std::string where_;
  TorchScriptModule module_;
};

}  // namespace histoloom
