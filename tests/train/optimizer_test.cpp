#include "optimizer.h"

#include <gtest/gtest.h>

#include <sstream>

namespace histoloom {
namespace {

class Orthogonalised : public testing::TestWithParam<std::tuple<int, int, DType>> {};

// U·Vᵀ of the singular value decomposition, by LAPACK in double.
TEST_P(Orthogonalised, IsAboutTheNearestMatrixWithEqualSingularValues) {
  at::manual_seed(2);
  const auto [rows, columns, dtype] = GetParam();
  // Singular values from 0.1 to 1; those of a random square matrix come down to nothing.
  const auto [u, s, v] =
      at::linalg_svd(at::randn({rows, columns}, at::kDouble), /*full_matrices=*/false);
  const at::Tensor lengths = at::linspace(0.1, 1, s.numel(), at::kDouble);
  const at::Tensor matrix = at::matmul(u * lengths, v).to(at::kFloat);
  const at::Tensor got = orthogonalised(matrix, dtype).to(at::kDouble);
  ASSERT_EQ(got.sizes(), matrix.sizes());
  const at::Tensor values = at::linalg_svdvals(got);
  EXPECT_GT(values.min().item<double>(), 0.5);
  EXPECT_LT(values.max().item<double>(), 1.4);
  const double along = (got * at::matmul(u, v)).sum().item<double>();
  EXPECT_GT(along / std::sqrt(got.square().sum().item<double>() * std::min(rows, columns)), 0.95);
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, Orthogonalised,
    testing::Values(std::tuple{48, 48, DType::bfloat16}, std::tuple{40, 360, DType::bfloat16},
                    std::tuple{40, 360, DType::float32}, std::tuple{360, 40, DType::float32},
                    std::tuple{33, 1, DType::bfloat16}, std::tuple{1, 33, DType::float32}));

TEST(OrthogonalisedNothing, IsNothing) {
  EXPECT_TRUE(at::equal(orthogonalised(at::zeros({4, 9}), DType::float32), at::zeros({4, 9})));
}

// A weight of a convolution that is large enough for Muon, one that isn't, a bias, and one frozen.
NamedTensors parameters() {
  at::manual_seed(8);
  NamedTensors out{{"weight", at::randn({32, 36, 3, 3})},
                   {"input", at::randn({32, 5, 3, 3})},
                   {"bias", at::randn({32})},
                   {"frozen", at::randn({32, 32, 1, 1})}};
  for (auto& [name, tensor] : out) tensor.set_requires_grad(name != "frozen");
  return out;
}

void take_steps(Optimizer& optimizer, const NamedTensors& all, int first, int last) {
  for (int step = first; step < last; ++step) {
    optimizer.set_learning_rate(0.01 / (1 + step));
    optimizer.zero_grad();
    at::Tensor loss = at::zeros({});
    for (const auto& [name, tensor] : all) loss = loss + (tensor - 0.1 * step).square().mean();
    loss.backward();
    optimizer.step();
  }
}

TEST(Optimizer, OfAdamwIsTorchs) {
  const NamedTensors ours = parameters(), theirs = parameters();
  Optimizer optimizer(ours, OptimizerKind::adamw, DType::float32);
  take_steps(optimizer, ours, 0, 3);
  std::vector<at::Tensor> list;
  for (const auto& [name, tensor] : theirs) list.push_back(tensor);
  torch::optim::AdamW adam(list,
                           torch::optim::AdamWOptions(0.01).betas({0.9, 0.99}).weight_decay(1e-4));
  for (int step = 0; step < 3; ++step) {
    static_cast<torch::optim::AdamWOptions&>(adam.param_groups()[0].options())
        .lr(0.01 / (1 + step));
    adam.zero_grad();
    at::Tensor loss = at::zeros({});
    for (const at::Tensor& t : list) loss = loss + (t - 0.1 * step).square().mean();
    loss.backward();
    adam.step();
  }
  for (std::size_t i = 0; i < ours.size(); ++i)
    EXPECT_TRUE(at::equal(ours[i].second, theirs[i].second)) << ours[i].first;
}

TEST(Optimizer, OfMuonStepsLargeConvolutionsByMatricesAndAllElseByAdamw) {
  const NamedTensors muon = parameters(), adamw = parameters(), before = parameters();
  Optimizer of_muon(muon, OptimizerKind::muon, DType::bfloat16);
  Optimizer of_adamw(adamw, OptimizerKind::adamw, DType::bfloat16);
  take_steps(of_muon, muon, 0, 1);
  take_steps(of_adamw, adamw, 0, 1);
  for (std::size_t i = 1; i < muon.size(); ++i)
    EXPECT_TRUE(at::equal(muon[i].second, adamw[i].second)) << muon[i].first;
  EXPECT_TRUE(at::equal(muon[3].second, before[3].second)) << "what is frozen stays";
  // The step is a matrix with equal singular values, 0.2·sqrt(324)·0.01 each, less the decay.
  const at::Tensor step =
      (before[0].second * (1 - 0.01 * 1e-4) - muon[0].second).detach().flatten(1);
  const at::Tensor values = at::linalg_svdvals(step.to(at::kDouble)) / (0.2 * 18 * 0.01);
  EXPECT_GT(values.min().item<double>(), 0.5);
  EXPECT_LT(values.max().item<double>(), 1.4);
}

// Expected values:
//
//   import numpy as np
//   m, n, k = 32, 40, np.arange(32 * 40, dtype=float) ** 2
//   start = w = np.sin(0.37 * k).reshape(m, n)
//   momentum = np.zeros((m, n))
//   for step in range(3):
//       rate = 0.01 / (1 + step)
//       gradient = 2 * (w - np.cos(0.53 * (1 + step) * k).reshape(m, n)) / w.size
//       momentum = 0.95 * momentum + 0.05 * gradient
//       x = 0.05 * gradient + 0.95 * momentum
//       x = x / (np.linalg.norm(x) + 1e-7)
//       for _ in range(5):
//           a = x @ x.T
//           x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
//       w = w * (1 - rate * 1e-4) - rate * 0.2 * np.sqrt(max(m, n)) * x
//   print(100 * (w - start)[[0, 7, 31], [1, 3, 39]])
TEST(Optimizer, OfMuonTakesTheStepsOfNumpy) {
  const at::Tensor k = at::arange(32 * 40, at::kDouble).square();
  const auto matrix = [](const at::Tensor& t) { return t.view({32, 40, 1, 1}).to(at::kFloat); };
  const at::Tensor start = matrix(at::sin(0.37 * k));
  at::Tensor weight = start.clone().set_requires_grad(true);
  Optimizer optimizer({{"weight", weight}}, OptimizerKind::muon, DType::float32);
  for (int step = 0; step < 3; ++step) {
    optimizer.set_learning_rate(0.01 / (1 + step));
    optimizer.zero_grad();
    (weight - matrix(at::cos(0.53 * (1 + step) * k))).square().mean().backward();
    optimizer.step();
  }
  const at::Tensor change = 100 * (weight - start).detach().view({32, 40});
  EXPECT_NEAR(change[0][1].item<double>(), 0.09926196, 6e-5);
  EXPECT_NEAR(change[7][3].item<double>(), -0.42654124, 6e-5);
  EXPECT_NEAR(change[31][39].item<double>(), -0.43935524, 6e-5);
}

TEST(Optimizer, GoesOnFromAnArchiveBitForBit) {
  for (const OptimizerKind kind : {OptimizerKind::adamw, OptimizerKind::muon}) {
    const NamedTensors whole = parameters(), broken = parameters();
    Optimizer unbroken(whole, kind, DType::bfloat16), first(broken, kind, DType::bfloat16),
        second(broken, kind, DType::bfloat16);
    take_steps(unbroken, whole, 0, 6);
    take_steps(first, broken, 0, 3);
    torch::serialize::OutputArchive out;
    first.save(out);
    std::stringstream bytes;
    out.save_to(bytes);
    torch::serialize::InputArchive in;
    in.load_from(bytes);
    second.load(in);
    take_steps(second, broken, 3, 6);
    for (std::size_t i = 0; i < whole.size(); ++i)
      EXPECT_TRUE(at::equal(whole[i].second, broken[i].second)) << whole[i].first;
  }
}

}  // namespace
}  // namespace histoloom
