// The norm's gradients from the loops that training uses, against autograd's in double.
#include "trained_norm.h"

#include <gtest/gtest.h>

#include "networks/test_model.h"

namespace histoloom {
namespace {

struct TrainedNormCase {
  int batch, channels, groups, height, width;
  bool extras, silu;
};
void PrintTo(const TrainedNormCase& c, std::ostream* out) {
  *out << c.batch << "x" << c.channels << "/" << c.groups << " " << c.height << "x" << c.width
       << (c.extras ? " with extras" : "") << (c.silu ? " and SiLU" : "");
}

class TrainedNorm : public testing::TestWithParam<TrainedNormCase> {
 protected:
  TrainedNorm() {
    at::manual_seed(3);
    const TrainedNormCase& c = GetParam();
    x_ = at::randn({c.batch, c.channels, c.height, c.width}) * 2 + 0.5;
    before_ = at::randn_like(x_);
    result_ = at::randn_like(x_);
    weight_ = at::randn({c.channels});
    bias_ = at::randn({c.channels});
    scale_ = at::randn({c.batch, c.channels});
    shift_ = at::randn({c.batch, c.channels});
  }

  std::vector<at::Tensor> inputs(at::ScalarType activations, at::ScalarType rest) const {
    const auto leaf = [](const at::Tensor& t, at::ScalarType type) {
      at::Tensor copy = t.detach().clone().to(type);
      if (copy.dim() == 4) copy = copy.contiguous(at::MemoryFormat::ChannelsLast);
      return copy.set_requires_grad(true);
    };
    std::vector<at::Tensor> out{leaf(x_, activations), leaf(weight_, rest), leaf(bias_, rest)};
    if (!GetParam().extras) return out;
    out.push_back(leaf(scale_, rest));
    out.push_back(leaf(shift_, rest));
    out.push_back(leaf(before_, activations));
    return out;
  }

  // The result, and the gradients of the inputs.
  std::vector<at::Tensor> expected() const {
    const std::vector<at::Tensor> in = inputs(at::kDouble, at::kDouble);
    at::Tensor y = at::group_norm(in[0].contiguous(), GetParam().groups, in[1], in[2], 1e-5);
    const auto row = [](const at::Tensor& t) { return t.unsqueeze(-1).unsqueeze(-1); };
    if (GetParam().extras) y = y * (row(in[3]) + 1) + row(in[4]) + in[5];
    return with_gradients(GetParam().silu ? at::silu(y) : y, in);
  }
  std::vector<at::Tensor> trained(at::ScalarType type) const {
    const std::vector<at::Tensor> in = inputs(type, at::kFloat);
    NormExtras extras{.silu = GetParam().silu};
    if (GetParam().extras) extras = {in[3], in[4], in[5], GetParam().silu};
    return with_gradients(
        trained_group_norm(in[0], {in[1], in[2], GetParam().groups, 1e-5}, extras), in);
  }

 private:
  std::vector<at::Tensor> with_gradients(const at::Tensor& y,
                                         const std::vector<at::Tensor>& in) const {
    y.backward(result_.to(y.scalar_type()));
    std::vector<at::Tensor> out{y.detach().to(at::kFloat)};
    for (const at::Tensor& t : in) out.push_back(t.grad().to(at::kFloat));
    return out;
  }

  at::Tensor x_, before_, result_, weight_, bias_, scale_, shift_;
};

TEST_P(TrainedNorm, HasTheGradientsOfAutograd) {
  const std::vector<at::Tensor> wanted = expected(), got = trained(at::kFloat);
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_LE(largest_error(got[i], wanted[i]), 1e-5) << "result or input " << i;
}

TEST_P(TrainedNorm, InBfloat16RoundsWhatItReadsAndWritesOnly) {
  const std::vector<at::Tensor> wanted = expected(), got = trained(at::kBFloat16);
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_LE(rms_error(got[i], wanted[i]), 0.01) << "result or input " << i;
}

TEST_P(TrainedNorm, HasTheSameBitsOnAnyNumberOfThreads) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const std::vector<at::Tensor> wanted = trained(at::kFloat);
  for (const int n : {2, 3, 8}) {
    at::set_num_threads(n);
    const std::vector<at::Tensor> got = trained(at::kFloat);
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_TRUE(at::equal(got[i], wanted[i])) << n << " threads, result or input " << i;
  }
  at::set_num_threads(threads);
}

// group_norm() takes these loops where it can, and libtorch's operators for all else.
TEST(TrainedGroupNorm, HasGradientsWhateverFollowsTheNormAndHoweverItIsLaidOut) {
  at::manual_seed(4);
  const at::Tensor values = at::randn({2, 8, 5, 6}), row = at::randn({2, 8, 1, 1});
  const at::Tensor full = at::randn({2, 8, 5, 6}), weight = at::randn({8});
  const auto leaf = [](const at::Tensor& t, at::MemoryFormat format) {
    return t.clone().contiguous(format).set_requires_grad(true);
  };
  const auto wide = [](const at::Tensor& t) {
    return t.to(at::kDouble).detach().set_requires_grad(true);
  };
  for (const auto format : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
    for (const at::Tensor& before : {row, full}) {
      for (const bool with_after : {false, true}) {
        const at::Tensor x = leaf(values, format), b = leaf(before, format), w = wide(values);
        const at::Tensor expected_b = wide(before), gain = weight.clone().set_requires_grad(true);
        NormExtras extras{.before = b, .silu = true};
        if (with_after) extras.after = full.contiguous(format);
        group_norm(x, {gain, at::zeros({8}), 2, 1e-5}, extras).square().sum().backward();
        at::Tensor y = at::silu(
            at::group_norm(w, 2, weight.to(at::kDouble), at::zeros({8}, at::kDouble), 1e-5) +
            expected_b);
        if (with_after) y = y + full.to(at::kDouble);
        y.square().sum().backward();
        EXPECT_LE(largest_error(x.grad(), w.grad().to(at::kFloat)), 1e-4) << with_after;
        EXPECT_LE(largest_error(b.grad(), expected_b.grad().to(at::kFloat)), 1e-4) << with_after;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, TrainedNorm,
                         testing::Values(TrainedNormCase{1, 8, 2, 3, 3, false, false},
                                         TrainedNormCase{2, 6, 3, 33, 5, true, true},
                                         TrainedNormCase{5, 64, 8, 16, 16, true, true},
                                         TrainedNormCase{3, 40, 1, 7, 64, false, true},
                                         TrainedNormCase{2, 12, 12, 9, 1, true, false}));

}  // namespace
}  // namespace histoloom
