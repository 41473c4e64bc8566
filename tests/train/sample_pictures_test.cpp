#include "sample_pictures.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

// What an ideal network says of a world in which `x0` is all there is.
at::Tensor ideal(const at::Tensor& x, double time, const at::Tensor& x0,
                 const NoiseSchedule& schedule, Prediction prediction) {
  const double alpha = schedule.alpha(time), sigma = schedule.sigma(time);
  const at::Tensor epsilon = (x - alpha * x0) / sigma;
  if (prediction == Prediction::v) return alpha * epsilon - sigma * x0;
  return prediction == Prediction::epsilon ? epsilon : x0;
}

TEST(SamplePictures, AnIdealNetworkSamplesWhatItKnows) {
  at::manual_seed(4);
  const NoiseSchedule schedule = NoiseSchedule::linear(1000);
  const at::Tensor x0 = at::randn({3, 2, 4, 5}), noise = at::randn_like(x0);
  for (const Prediction prediction : {Prediction::v, Prediction::epsilon, Prediction::x0}) {
    int calls = 0;
    const auto predict = [&](const at::Tensor& x, const at::Tensor& time) {
      EXPECT_EQ(time.sizes(), (std::vector<std::int64_t>{3}));
      EXPECT_FALSE(at::GradMode::is_enabled());
      ++calls;
      return ideal(x, time[2].item<double>(), x0, schedule, prediction);
    };
    const at::Tensor got = sample_x0(predict, noise, schedule, prediction, std::nullopt, 7);
    EXPECT_LT((got - x0).abs().max().item<double>(), 2e-3);
    EXPECT_EQ(calls, 7);
  }
}

TEST(SamplePictures, CleanLatentsAreClipped) {
  const NoiseSchedule schedule = NoiseSchedule::cosine(1000);
  const auto predict = [](const at::Tensor& x, const at::Tensor&) { return at::full_like(x, 9); };
  const at::Tensor got = sample_x0(predict, at::zeros({1, 1, 2, 2}), schedule, Prediction::x0, 1.5);
  EXPECT_LT((got - 1.5).abs().max().item<double>(), 1e-4);
}

TEST(SamplePictures, PicturesAreRoundedAndLimited) {
  const at::Tensor images =
      at::tensor({-0.2, 0.5, 1.0, 1.2, 0.0, 0.0019}, at::kFloat)  // 0.48 of 255
          .view({1, 3, 1, 2});
  const std::vector<Picture> pictures = pictures_of(images);
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].size, (PixelSize{2, 1}));
  EXPECT_EQ(pictures[0].samples, (std::vector<std::uint8_t>{0, 255, 0, 128, 255, 0}));
}

}  // namespace
}  // namespace histoloom
