// DiffInfinite's image U-Net in the straightforward form, as the published code computes it: every
// weight standardised at each call, attention over the whole score matrix, float32. Written apart
// from src/networks, from the names of the weights alone: what the fast form is checked against.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>
#include <vector>

#include "histoloom/networks/denoiser.h"

namespace histoloom {

class StraightforwardUNet {
 public:
  // Shares the weights, which must not have been prepared for inference.
  StraightforwardUNet(const NamedTensors& weights, int levels, int groups);
  // As Denoiser::predict().
  at::Tensor predict(const at::Tensor& x, const at::Tensor& time, const at::Tensor& labels) const;

 private:
  at::Tensor w(const std::string& name) const { return weights_.at(name); }
  at::Tensor conv(const std::string& name, const at::Tensor& x, int stride = 1) const;
  at::Tensor linear(const std::string& name, const at::Tensor& x) const;
  at::Tensor half_block(const std::string& name, const at::Tensor& x) const;
  at::Tensor normed(const std::string& name, const at::Tensor& x) const;
  at::Tensor block(const std::string& name, const at::Tensor& x, const at::Tensor& embedding) const;
  at::Tensor attention(const std::string& name, const at::Tensor& x, const at::Tensor& mask) const;
  at::Tensor embedding(const at::Tensor& time, const at::Tensor& labels) const;

  std::map<std::string, at::Tensor> weights_;
  int levels_, groups_;
};

}  // namespace histoloom
