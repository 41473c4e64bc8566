#include "packed_convolution.h"

#include <gtest/gtest.h>

#include <thread>

#include "histoloom/networks/inference_thread.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

struct Shape {
  int batch, in, out, kernel, stride, height, width;
};
void PrintTo(const Shape& s, std::ostream* out) {
  *out << s.batch << "x" << s.in << "->" << s.out << " k" << s.kernel << " s" << s.stride << " "
       << s.height << "x" << s.width;
}

at::Tensor random_input(const Shape& s) {
  at::manual_seed(1);
  return at::randn({s.batch, s.in, s.height, s.width}).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor random_weight(const Shape& s) {
  at::manual_seed(2);
  return at::randn({s.out, s.in, s.kernel, s.kernel}) / std::sqrt(s.in * s.kernel * s.kernel);
}

// Direct forms, Winograd forms (3 × 3, stride 1, at least 32 channels) whole and in bands of rows
// or images, odd sizes, single cells.
const Shape kShapes[] = {
    {1, 3, 5, 3, 1, 33, 5},    {2, 4, 24, 7, 1, 16, 9},    {1, 40, 40, 3, 1, 33, 7},
    {2, 64, 96, 3, 1, 17, 8},  {1, 256, 128, 3, 1, 8, 8},  {3, 16, 48, 4, 2, 16, 10},
    {1, 64, 33, 1, 1, 5, 6},   {2, 32, 32, 3, 1, 1, 1},    {1, 128, 64, 3, 2, 32, 32},
    {4, 1, 1, 1, 1, 1, 1},     {1, 64, 64, 3, 1, 96, 256}, {2, 128, 64, 3, 1, 100, 90},
    {6, 64, 96, 3, 1, 48, 64},
};

class PackedConvolutionShapes : public testing::TestWithParam<Shape> {
 protected:
  const InferenceThread inference_;
};

TEST_P(PackedConvolutionShapes, GiveWhatLibtorchGives) {
  const Shape& s = GetParam();
  const at::Tensor x = random_input(s), w = random_weight(s), b = at::randn({s.out});
  const int padding = (s.kernel - 1) / 2;
  const at::Tensor expected =
      at::conv2d(x.to(at::kDouble), w.to(at::kDouble), b.to(at::kDouble), s.stride, padding)
          .to(at::kFloat);
  const at::Tensor got = PackedConvolution(w, b, s.stride, padding)(x);
  EXPECT_EQ(got.sizes(), expected.sizes());
  EXPECT_TRUE(got.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_LE(largest_error(got, expected), 1e-5);
}

TEST_P(PackedConvolutionShapes, MayHaveNoBias) {
  const Shape& s = GetParam();
  const at::Tensor x = random_input(s), w = random_weight(s);
  const int padding = (s.kernel - 1) / 2;
  EXPECT_LE(largest_error(PackedConvolution(w, {}, s.stride, padding)(x),
                          at::conv2d(x, w, {}, s.stride, padding)),
            1e-5);
}

TEST_P(PackedConvolutionShapes, InBfloat16AreOffByItsRounding) {
  const Shape& s = GetParam();
  const at::Tensor x = random_input(s).to(at::kBFloat16), w = random_weight(s).to(at::kBFloat16);
  const int padding = (s.kernel - 1) / 2;
  const at::Tensor got = PackedConvolution(w, {}, s.stride, padding)(x);
  EXPECT_EQ(got.scalar_type(), at::kBFloat16);
  EXPECT_LE(rms_error(got.to(at::kFloat),
                      at::conv2d(x.to(at::kFloat), w.to(at::kFloat), {}, s.stride, padding)),
            0.004);
}

INSTANTIATE_TEST_SUITE_P(Table, PackedConvolutionShapes, testing::ValuesIn(kShapes));

TEST(PackedConvolution, AnInputInAnotherLayoutGivesTheSameBits) {
  const InferenceThread inference;
  const Shape s{2, 64, 64, 3, 1, 12, 20};
  PackedConvolution convolution(random_weight(s), {}, 1, 1);
  const at::Tensor x = random_input(s);
  EXPECT_TRUE(at::equal(convolution(x), convolution(x.contiguous())));
}

TEST(PackedConvolution, AnImagesBitsDoNotDependOnItsBatchOrThread) {
  const Shape s{4, 64, 96, 3, 1, 40, 64};
  const at::Tensor x = random_input(s);
  PackedConvolution convolution(random_weight(s), at::randn({s.out}), 1, 1);
  at::Tensor expected;
  {
    const InferenceThread inference;
    expected = convolution(x);
    EXPECT_TRUE(at::equal(convolution(x.flip(0)), expected.flip(0)));
  }
  std::vector<at::Tensor> results(3);
  std::vector<std::thread> threads;
  for (at::Tensor& result : results)
    threads.emplace_back([&] {
      const InferenceThread inference;
      result = convolution(x);
    });
  for (std::thread& thread : threads) thread.join();
  for (const at::Tensor& result : results) EXPECT_TRUE(at::equal(result, expected));
}

TEST(InferenceThread, LeavesTheThreadAsItWas) {
  std::thread([] {
    at::set_num_threads(3);
    {
      const InferenceThread inference;
      EXPECT_EQ(at::get_num_threads(), 1);
      EXPECT_FALSE(at::GradMode::is_enabled());
    }
    EXPECT_EQ(at::get_num_threads(), 3);
    EXPECT_TRUE(at::GradMode::is_enabled());
  }).join();
}

}  // namespace
}  // namespace histoloom
