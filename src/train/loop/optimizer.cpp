#include "optimizer.h"

#include <algorithm>
#include <cmath>

namespace histoloom {

namespace {

constexpr double kWeightDecay = 1e-4;
constexpr double kMomentum = 0.95;
constexpr std::int64_t kFewestChannels = 32;

bool is_matrix(const at::Tensor& t) {
  return t.dim() == 4 && std::min(t.size(0), t.size(1)) >= kFewestChannels;
}

// Those that an optimiser of `kind` steps as matrices, or the others.
std::vector<at::Tensor> parameters_of(const NamedTensors& parameters, OptimizerKind kind,
                                      bool matrices) {
  std::vector<at::Tensor> out;
  for (const auto& [name, tensor] : parameters)
    if ((kind == OptimizerKind::muon && is_matrix(tensor)) == matrices) out.push_back(tensor);
  return out;
}

}  // namespace

at::Tensor orthogonalised(const at::Tensor& matrix, DType dtype) {
  // Jordan's coefficients: the quintic that lifts small singular values fastest.
  constexpr double kLinear = 3.4445, kCubic = -4.7750, kQuintic = 2.0315;
  constexpr int kIterations = 5;
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = (tall ? matrix.t() : matrix).contiguous();
  x = (x / (x.norm() + 1e-7)).to(dtype == DType::bfloat16 ? at::kBFloat16 : at::kFloat);
  for (int i = 0; i < kIterations; ++i) {
    const at::Tensor square = at::matmul(x, x.t().contiguous());
    const at::Tensor mix = kCubic * square + kQuintic * at::matmul(square, square);
    x = kLinear * x + at::matmul(mix, x);
  }
  x = x.to(at::kFloat);
  return tall ? x.t() : x;
}

Optimizer::Optimizer(const NamedTensors& parameters, OptimizerKind kind, DType dtype)
    : dtype_(dtype),
      matrices_(parameters_of(parameters, kind, true)),
      adam_(parameters_of(parameters, kind, false),
            torch::optim::AdamWOptions().betas({0.9, 0.99}).weight_decay(kWeightDecay)) {
  for (const at::Tensor& weight : matrices_) momenta_.push_back(at::zeros_like(weight.detach()));
}

void Optimizer::set_learning_rate(double rate) {
  rate_ = rate;
  for (auto& group : adam_.param_groups())
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
}

void Optimizer::zero_grad() {
  adam_.zero_grad();
  for (at::Tensor& weight : matrices_) weight.mutable_grad() = at::Tensor();
}

void Optimizer::step_matrix(const at::Tensor& weight, at::Tensor& momentum) const {
  const at::Tensor gradient = weight.grad();
  momentum.lerp_(gradient, 1 - kMomentum);
  // Nesterov's: what the momentum will be if the gradient stays.
  const at::Tensor ahead = gradient.lerp(momentum, kMomentum).flatten(1);
  const double scale = 0.2 * std::sqrt(static_cast<double>(std::max(ahead.size(0), ahead.size(1))));
  weight.mul_(1 - rate_ * kWeightDecay);
  weight.add_(orthogonalised(ahead, dtype_).reshape(weight.sizes()), -rate_ * scale);
}

void Optimizer::step() {
  adam_.step();
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < matrices_.size(); ++i)
    if (matrices_[i].grad().defined()) step_matrix(matrices_[i], momenta_[i]);
}

void Optimizer::save(torch::serialize::OutputArchive& archive) const {
  torch::serialize::OutputArchive adam, momenta;
  adam_.save(adam);
  for (std::size_t i = 0; i < momenta_.size(); ++i) momenta.write(std::to_string(i), momenta_[i]);
  archive.write("adam", adam);
  archive.write("momenta", momenta);
}

void Optimizer::load(torch::serialize::InputArchive& archive) {
  torch::serialize::InputArchive adam, momenta;
  archive.read("adam", adam);
  archive.read("momenta", momenta);
  adam_.load(adam);
  for (std::size_t i = 0; i < momenta_.size(); ++i) {
    at::Tensor momentum;
    momenta.read(std::to_string(i), momentum);
    TORCH_CHECK(momentum.sizes() == momenta_[i].sizes(), "momentum of another size");
    momenta_[i].copy_(momentum);
  }
}

}  // namespace histoloom
