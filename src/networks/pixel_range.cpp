#include "histoloom/networks/pixel_range.h"

#include <ATen/ATen.h>

namespace histoloom {

namespace {

class RangedAutoencoder final : public Autoencoder {
 public:
  RangedAutoencoder(std::unique_ptr<Autoencoder> network, std::array<double, 2> range)
      : network_(std::move(network)), black_(range[0]), contrast_(range[1] - range[0]) {}

  void load(const std::filesystem::path& weights) override { network_->load(weights); }
  at::Tensor encode(const at::Tensor& image) override { return network_->encode(ranged(image)); }
  at::Tensor decode(const at::Tensor& latents) override {
    return (network_->decode(latents) - black_) / contrast_;
  }
  at::Tensor encode_for_training(const at::Tensor& image, at::Tensor& regularisation) override {
    return network_->encode_for_training(ranged(image), regularisation);
  }
  int channels() const override { return network_->channels(); }
  int downsampling() const override { return network_->downsampling(); }
  double gflop_per_decoded_cell() const override { return network_->gflop_per_decoded_cell(); }
  NamedTensors parameters() override { return network_->parameters(); }
  void set_training_dtype(DType dtype) override { network_->set_training_dtype(dtype); }
  void prepare_inference(DType dtype) override { network_->prepare_inference(dtype); }

 private:
  at::Tensor ranged(const at::Tensor& image) const { return image * contrast_ + black_; }

  std::unique_ptr<Autoencoder> network_;
  double black_, contrast_;
};

}  // namespace

std::unique_ptr<Autoencoder> with_pixel_range(std::unique_ptr<Autoencoder> network,
                                              std::array<double, 2> range) {
  return std::make_unique<RangedAutoencoder>(std::move(network), range);
}

}  // namespace histoloom
