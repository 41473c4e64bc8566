// The loops that take the place of chains of libtorch's operators, against those chains in double.
#include <gtest/gtest.h>

#include "fused_norm.h"
#include "histoloom/networks/inference_thread.h"
#include "layers.h"
#include "networks/test_model.h"
#include "tensor_pointer.h"
#include "two_row_attention.h"

namespace histoloom {
namespace {

at::Tensor channels_last(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

struct FusedNormCase {
  int batch, channels, groups, height, width;
  double mean;
};
void PrintTo(const FusedNormCase& c, std::ostream* out) {
  *out << c.batch << "x" << c.channels << "/" << c.groups << " " << c.height << "x" << c.width
       << " mean " << c.mean;
}

class FusedNorm : public testing::TestWithParam<FusedNormCase> {
 protected:
  FusedNorm() {
    at::manual_seed(1);
    const FusedNormCase& c = GetParam();
    x_ = channels_last(at::randn({c.batch, c.channels, c.height, c.width}) + c.mean);
    before_ = channels_last(at::randn_like(x_));
    after_ = channels_last(at::randn_like(x_));
    scale_ = at::randn({c.batch, c.channels});
    shift_ = at::randn({c.batch, c.channels});
    weight_ = at::randn({c.channels});
    bias_ = at::randn({c.channels});
  }

  // The same in double, with everything that may follow the norm.
  at::Tensor expected_with_extras() const {
    const auto wide = [](const at::Tensor& t) { return t.to(at::kDouble); };
    const auto row = [&](const at::Tensor& t) { return wide(t).unsqueeze(-1).unsqueeze(-1); };
    const at::Tensor norm =
        at::group_norm(wide(x_).contiguous(), GetParam().groups, wide(weight_), wide(bias_), 1e-5);
    return (at::silu(norm * (row(scale_) + 1) + row(shift_) + wide(before_)) + wide(after_))
        .to(at::kFloat);
  }
  NormExtras extras(at::ScalarType type) const {
    return {scale_, shift_, before_.to(type), true, after_.to(type)};
  }

  at::Tensor x_, before_, after_, scale_, shift_, weight_, bias_;
  const InferenceThread inference_;
};

TEST_P(FusedNorm, IsAGroupNorm) {
  const GroupNormParameters p{weight_, bias_, GetParam().groups, 1e-5};
  const at::Tensor expected = at::group_norm(x_.to(at::kDouble).contiguous(), p.groups,
                                             weight_.to(at::kDouble), bias_.to(at::kDouble), p.eps)
                                  .to(at::kFloat);
  // Where the mean is a thousand deviations, the input's own rounding is 6e-5 of a deviation.
  EXPECT_LE(largest_error(group_norm(x_, p, {}), expected), GetParam().mean > 100 ? 1e-4 : 2e-6);
}

TEST_P(FusedNorm, ScalesShiftsActivatesAndAdds) {
  const GroupNormParameters p{weight_, bias_, GetParam().groups, 1e-5};
  EXPECT_LE(largest_error(group_norm(x_, p, extras(at::kFloat)), expected_with_extras()),
            GetParam().mean > 100 ? 1e-4 : 2e-6);
}

TEST_P(FusedNorm, InBfloat16RoundsItsInputsAndItsResultOnly) {
  if (GetParam().mean > 100) GTEST_SKIP() << "bfloat16 can't hold such an input";
  x_ = x_.to(at::kBFloat16).to(at::kFloat);
  before_ = before_.to(at::kBFloat16).to(at::kFloat);
  after_ = after_.to(at::kBFloat16).to(at::kFloat);
  const GroupNormParameters p{weight_, bias_, GetParam().groups, 1e-5};
  const at::Tensor got = group_norm(x_.to(at::kBFloat16), p, extras(at::kBFloat16));
  EXPECT_EQ(got.scalar_type(), at::kBFloat16);
  EXPECT_LE(rms_error(got.to(at::kFloat), expected_with_extras()), 0.003);  // 2^-9 at most
}

TEST_P(FusedNorm, AgreesWithTheFormOfOtherLayouts) {
  const GroupNormParameters fused{weight_, bias_, GetParam().groups, 1e-5};
  const at::Tensor expected = group_norm(x_, fused, extras(at::kFloat));
  // A tensor in the default layout goes through libtorch's operators.
  const at::Tensor other = x_.contiguous();
  if (other.is_contiguous(at::MemoryFormat::ChannelsLast)) GTEST_SKIP() << "both layouts are one";
  EXPECT_LE(largest_error(group_norm(other, fused, extras(at::kFloat)), expected),
            GetParam().mean > 100 ? 1e-3 : 1e-5);
}

TEST_P(FusedNorm, OverChannelsIsTheNormOfEachPosition) {
  const at::Tensor gain = at::randn({1, x_.size(1), 1, 1});
  const at::Tensor wide = x_.to(at::kDouble);
  const at::Tensor variance = wide.var({1}, /*unbiased=*/false, /*keepdim=*/true);
  const at::Tensor expected =
      ((wide - wide.mean(1, true)) * at::rsqrt(variance + 1e-5) * gain).to(at::kFloat);
  const double error = (channel_norm(x_, gain) - expected).abs().max().item<double>();
  EXPECT_LE(error, GetParam().mean > 100 ? 1e-2 : 2e-5);
}

INSTANTIATE_TEST_SUITE_P(Table, FusedNorm,
                         testing::Values(FusedNormCase{1, 8, 2, 1, 1, 0},
                                         FusedNormCase{2, 6, 3, 33, 5, 0},
                                         FusedNormCase{2, 64, 8, 16, 16, 2},
                                         FusedNormCase{1, 40, 1, 7, 64, 1000},
                                         FusedNormCase{3, 256, 2, 32, 8, -0.5}));

// Where a buffer begins decides which elements fall to whole vectors.
TEST(FusedNormBits, DoNotDependOnWhereBuffersBegin) {
  at::manual_seed(6);
  const ActivationShape shape{1, 9, 20};
  const at::Tensor weight = at::randn({20}), bias = at::randn({20});
  const at::Tensor x = at::randn({180}), room = at::empty({400});
  const GroupNormCall<float> call{.shape = shape,
                                  .groups = 2,
                                  .epsilon = 1e-5,
                                  .weight = elements<float>(weight),
                                  .bias = elements<float>(bias),
                                  .silu = true};
  at::Tensor expected = at::empty({180});
  group_norm(call, elements<float>(x), elements<float>(expected));
  for (std::int64_t shift = 0; shift < 17; ++shift) {
    const std::vector<float> fragment(static_cast<std::size_t>(3 * shift + 1));  // moves the heap
    const at::Tensor from = room.narrow(0, shift, 180), to = room.narrow(0, 200 + shift / 2, 180);
    from.copy_(x);
    group_norm(call, elements<float>(from), elements<float>(to));
    EXPECT_TRUE(at::equal(to, expected)) << shift;
  }
}

TEST(FastExp, IsWithinAMillionthOfExpAndNeverOverflows) {
  for (float x = -90; x < 90; x += 0.0137f) {
    const double bounded = std::min(87.0, std::max(-87.0, static_cast<double>(x)));
    EXPECT_NEAR(static_cast<double>(fast_exp(x)) / std::exp(bounded), 1, 1e-6) << x;
  }
  EXPECT_EQ(fast_silu(-1e30f), -1e30f / (1 + fast_exp(87)));
  EXPECT_EQ(fast_silu(1e30f), 1e30f);
}

// ---- Attention in two rows

struct Attention {
  TwoRowShape shape;
  at::Tensor query, kv;  // [hidden], [batch, positions, 2 · hidden]
};

Attention random_attention(const TwoRowShape& s) {
  at::manual_seed(4);
  const std::int64_t hidden = s.heads * s.width;
  return {s, at::randn({hidden}) * 2, at::randn({s.batch, s.positions, 2 * hidden})};
}

// [2, batch, hidden] in double: rows of ordinary attention for the query, and for one of zeros.
at::Tensor expected_rows(const Attention& a) {
  const TwoRowShape& s = a.shape;
  const at::Tensor kv = a.kv.to(at::kDouble)
                            .view({s.batch, s.positions, 2, s.heads, s.width})
                            .permute({2, 0, 3, 1, 4});
  const at::Tensor q = at::stack({a.query, at::zeros_like(a.query)})
                           .to(at::kDouble)
                           .view({2, s.heads, s.width})
                           .transpose(0, 1);  // heads, 2, width
  const at::Tensor rows = at::softmax(at::matmul(q, kv[0].transpose(-1, -2)), -1);
  return at::matmul(rows, kv[1]).permute({2, 0, 1, 3}).reshape({2, s.batch, s.heads * s.width});
}

class TwoRowAttention : public testing::TestWithParam<TwoRowShape> {};

TEST_P(TwoRowAttention, IsOrdinaryAttentionOfBothQueries) {
  const Attention a = random_attention(GetParam());
  const at::Tensor expected = expected_rows(a);
  at::Tensor got = at::empty(expected.sizes());
  two_row_attention(a.shape, elements<float>(a.query), elements<float>(a.kv), elements<float>(got),
                    elements<float>(got[1]));
  EXPECT_LE(largest_error(got, expected.to(at::kFloat)), 2e-6);
}

TEST_P(TwoRowAttention, InBfloat16RoundsItsInputOnly) {
  Attention a = random_attention(GetParam());
  const at::Tensor kv = a.kv.to(at::kBFloat16);
  a.kv = kv.to(at::kFloat);
  const at::Tensor expected = expected_rows(a);
  at::Tensor got = at::empty(expected.sizes());
  two_row_attention(a.shape, elements<float>(a.query), elements<Bfloat16>(kv), elements<float>(got),
                    elements<float>(got[1]));
  EXPECT_LE(largest_error(got, expected.to(at::kFloat)), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Table, TwoRowAttention,
                         testing::Values(TwoRowShape{1, 1, 1, 1}, TwoRowShape{2, 33, 3, 5},
                                         TwoRowShape{3, 4096, 4, 32}));

TEST(AddChosenRow, TakesOneRowWhereTheMaskIsSetAndTheOtherElsewhere) {
  at::manual_seed(5);
  const at::Tensor x = at::randn({2, 7, 5}), rows = at::randn({2, 2, 5});
  const at::Tensor mask = (at::rand({2, 7}) < 0.5).to(at::kFloat);
  at::Tensor y = at::empty_like(x);
  add_chosen_row({2, 7, 5, elements<float>(mask), elements<float>(rows), elements<float>(rows[1])},
                 elements<float>(x), elements<float>(y));
  const at::Tensor chosen =
      at::where(mask.unsqueeze(-1) > 0, rows[0].unsqueeze(1), rows[1].unsqueeze(1));
  EXPECT_TRUE(at::equal(y, x + chosen));
}

}  // namespace
}  // namespace histoloom
