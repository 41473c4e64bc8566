// What a finer stage sees of a coarser stage's picture.
#include "histoloom/diffusion/context.h"

#include <gtest/gtest.h>

#include "test_paint.h"

namespace histoloom {
namespace {

// A picture in memory: each colour is a function of the pixel.
class FakePicture {
 public:
  using Value = std::function<double(int colour, std::int64_t x, std::int64_t y)>;

  FakePicture(PixelSize size, Value value) : size_(size), value_(std::move(value)) {}

  std::vector<float> planes(const ContextSpec& spec, const ContextPlace& place, int side,
                            double noise = 0) const {
    std::vector<float> out(static_cast<std::size_t>(context_channels(spec) * side * side), -9.0f);
    const auto read = [this](const PixelRect& rect, float* to) {
      EXPECT_TRUE(PixelRect::of(size_).contains(rect));
      for (int c = 0; c < 3; ++c)
        for (std::int64_t y = rect.y0; y < rect.y1; ++y)
          for (std::int64_t x = rect.x0; x < rect.x1; ++x)
            *to++ = static_cast<float>(value_(c, x, y));
    };
    fill_context(spec, size_, read, place, side, noise, out.data());
    return out;
  }

 private:
  PixelSize size_;
  Value value_;
};

double ramp(int colour, std::int64_t x, std::int64_t y) {
  return 100.0 * colour + static_cast<double>(x) + 10 * static_cast<double>(y);
}

TEST(Context, OneSampleACellOfOnePixelACellIsThePicture) {
  const FakePicture picture({20, 20}, ramp);
  const std::vector<float> out = picture.planes({{{1, 1}}, 0, 0}, {5, 3, 1}, 4, 0.25);
  ASSERT_EQ(out.size(), 5u * 16);
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x)
        EXPECT_FLOAT_EQ(out[static_cast<std::size_t>((c * 4 + y) * 4 + x)],
                        static_cast<float>(ramp(c, 5 + x, 3 + y)));
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(out[48 + i], 0.25f) << "the noise";
    EXPECT_EQ(out[64 + i], 1.0f) << "that there is a context";
  }
}

TEST(Context, AWiderViewIsCentredOnThePatchAndAveraged) {
  const FakePicture picture({100, 100}, ramp);
  // Patch cells 40 to 44; a view of 3 sides goes from 36 to 48, a sample every three pixels.
  const std::vector<float> out = picture.planes({{{3, 1}}, 0, 0}, {40, 40, 1}, 4);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 4; ++x)
      EXPECT_NEAR(out[static_cast<std::size_t>(y * 4 + x)], ramp(0, 37 + 3 * x, 37 + 3 * y), 1e-3);
}

TEST(Context, PixelsBetweenCellsAreInterpolated) {
  const FakePicture picture({50, 50}, ramp);
  // A quarter of a pixel a cell; cell i has its middle at 8 + (i + 0.5) / 4, pixel 8 at 8.5.
  const std::vector<float> out = picture.planes({{{1, 1}}, 0, 0}, {8, 8, 0.25}, 8);
  for (int x = 2; x < 6; ++x)
    EXPECT_NEAR(out[static_cast<std::size_t>(x)], ramp(0, 7, 7) + (x + 0.5) / 4 + 0.5 + 10 * 0.625,
                1e-3);
}

TEST(Context, MoreDetailIsFoldedAsPixelUnshuffleDoes) {
  const FakePicture picture({64, 64}, ramp);
  const std::vector<float> out = picture.planes({{{1, 2}}, 0, 0}, {16, 24, 2}, 4);
  const FakePicture& same = picture;
  const std::vector<float> fine = same.planes({{{1, 1}}, 0, 0}, {16, 24, 1}, 8);
  const at::Tensor expected =
      at::pixel_unshuffle(at::from_blob(const_cast<float*>(fine.data()), {1, 3, 8, 8}), 2);
  const at::Tensor got = at::from_blob(const_cast<float*>(out.data()), {1, 12, 4, 4});
  EXPECT_TRUE(at::allclose(got, expected));
}

TEST(Context, TheColourOfACellIsTheMeanOfItsPixels) {
  const auto read = [](const PixelRect& rect, float* to) {
    for (int c = 0; c < 3; ++c)
      for (std::int64_t y = rect.y0; y < rect.y1; ++y)
        for (std::int64_t x = rect.x0; x < rect.x1; ++x)
          *to++ = static_cast<float>(ramp(c, x, y) + 50.0 * static_cast<double>((x + y) % 2));
  };
  std::vector<float> out(3 * 16);
  fill_colours({40, 40}, read, {4, 6, 2}, 4, out.data());
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x)  // half of four pixels are 50 more
        EXPECT_NEAR(out[static_cast<std::size_t>((c * 4 + y) * 4 + x)],
                    ramp(c, 4 + 2 * x, 6 + 2 * y) + 0.5 + 5 + 25, 1e-3);
}

TEST(Context, BeyondThePictureLiesItsBorder) {
  const FakePicture picture({6, 5}, ramp);
  const std::vector<float> out = picture.planes({{{1, 1}}, 0, 0}, {-4, 3, 1}, 4);
  for (int x = 0; x < 4; ++x) {
    EXPECT_EQ(out[static_cast<std::size_t>(x)], static_cast<float>(ramp(0, 0, 3)));
    EXPECT_EQ(out[static_cast<std::size_t>(3 * 4 + x)], static_cast<float>(ramp(0, 0, 4)));
  }
  // Far away, in a picture of one pixel.
  const FakePicture dot({1, 1}, ramp);
  for (const double place : {-1000.0, 0.0, 1000.0})
    EXPECT_EQ(dot.planes({{{4, 2}}, 0, 0}, {place, place, 3.7}, 8)[5], 0.0f);
}

// ---- From a picture on disk

class PictureOnDisk : public testing::Test {
 protected:
  PictureOnDisk()
      : picture_(
            LatentArray::create(scratch_ / "picture", 3, {24, 24}, StoreType::float32, cache_)) {
    std::vector<float> values(3 * 24 * 24);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 97) / 97;
    picture_.write({0, 0, 24, 24}, values.data());
  }
  std::vector<float> planes(const ContextSpec& spec, LatentPoint corner, std::uint64_t seed) const {
    const PictureContext context(spec, picture_, {-2, -1, 1}, seed);
    std::vector<float> out(static_cast<std::size_t>(context.channels() * 64));
    context.read(corner, 8, out.data());
    return out;
  }

  ScratchDirectory scratch_;
  ChunkCache cache_{1 << 20};
  LatentArray picture_;
};

TEST_F(PictureOnDisk, IsReadFromBlackToWhiteAtTheSlidesPlace) {
  const std::vector<float> out = planes({{{1, 1}}, 0, 0}, {5, 4}, 1);
  std::vector<float> pixels(3 * 64);
  picture_.read({3, 3, 11, 11}, pixels.data());
  for (std::size_t i = 0; i < pixels.size(); ++i) EXPECT_FLOAT_EQ(out[i], 2 * pixels[i] - 1);
}

TEST_F(PictureOnDisk, CropsThatOverlapSeeTheSameNoise) {
  const ContextSpec spec{{{1, 1}}, 0.5, 0.5};
  const std::vector<float> a = planes(spec, {5, 4}, 1), b = planes(spec, {7, 4}, 1);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t y = 0; y < 8; ++y)
      for (std::size_t x = 0; x < 6; ++x)
        EXPECT_EQ(a[(c * 8 + y) * 8 + x + 2], b[(c * 8 + y) * 8 + x]);
  EXPECT_NE(a, planes(spec, {5, 4}, 2)) << "another seed";
  const std::vector<float> plain = planes({{{1, 1}}, 0, 0}, {5, 4}, 1);
  double square = 0;
  for (std::size_t i = 0; i < 192; ++i) square += std::pow(static_cast<double>(a[i] - plain[i]), 2);
  EXPECT_NEAR(std::sqrt(square / 192), 0.5, 0.1);
}

// ---- In a painting

// Says half of what it sees of the context, and tells which patches saw one.
class ContextDenoiser final : public Denoiser {
 public:
  at::Tensor predict(const at::Tensor& x, const at::Tensor&, const at::Tensor& labels) override {
    EXPECT_EQ(x.size(1), 1 + kPlanes);
    const at::Tensor seen = x.narrow(1, 1, 1), there = x.narrow(1, kPlanes, 1);
    with += there.amax({1, 2, 3}).sum().item<std::int64_t>();
    all += x.size(0);
    return (there * (10 + seen) + 100 * labels.unsqueeze(1)).to(at::kFloat);
  }
  int channels() const override { return 1; }
  int context_channels() const override { return kPlanes; }
  int labels() const override { return 255; }
  int alignment() const override { return 1; }
  bool one_evaluation_per_label() const override { return false; }
  double gflop_per_evaluation(int side) const override { return side; }
  NamedTensors parameters() override { return {}; }
  void set_training_dtype(DType) override {}
  void prepare_inference(DType) override {}

  static constexpr int kPlanes = 5;
  std::atomic<std::int64_t> with = 0, all = 0;
};

class CascadePainting : public PictureOnDisk {
 protected:
  std::vector<float> paint(const PaintOptions& options, bool context = true) {
    const CanvasLabelGrid labels = filled({24, 20}, 1);
    PaintJob job(paint_model(/*channels=*/1), labels);
    job.model.context = ContextSpec{{{1, 1}}, 0, 0};
    job.model.colours = {0.01f,      -1,    100 / 3.0f, 0.01f,     -1,
                         100 / 3.0f, 0.01f, -1,         100 / 3.0f};  // 0 is black, 200 white
    const PictureContext picture(*job.model.context, picture_, {-2, -1, 1}, 1);
    if (context) job.context = &picture;
    std::vector<float> out = job.paint(denoiser_, options);
    evaluations_ = job.report.evaluations;
    return out;
  }
  ContextDenoiser denoiser_;
  std::int64_t evaluations_ = 0;
};

TEST_F(CascadePainting, EveryCellIsPaintedUnderItsPlaceInThePicture) {
  PaintOptions o = plain_options();
  const std::vector<float> out = paint(o);
  std::vector<float> pixels(3 * 24 * 24);
  picture_.read({0, 0, 24, 24}, pixels.data());
  for (std::int64_t y = 0; y < 20; ++y)
    for (std::int64_t x = 0; x < 24; ++x) {
      const std::int64_t u = std::clamp<std::int64_t>(x - 2, 0, 23),
                         v = std::clamp<std::int64_t>(y - 1, 0, 23);
      EXPECT_NEAR(out[static_cast<std::size_t>(y * 24 + x)],
                  110 + 2 * pixels[static_cast<std::size_t>(v * 24 + u)] - 1, 1e-2);
    }
  o.threads = 1;
  EXPECT_TRUE(same_bits(paint(o), out));
}

TEST_F(CascadePainting, WithoutAPictureNoPatchSeesAContext) {
  const std::vector<float> out = paint(plain_options(), /*context=*/false);
  EXPECT_EQ(denoiser_.with, 0);
  for (const float value : out) EXPECT_NEAR(value, 100, 1e-2);
}

TEST_F(CascadePainting, GuidanceOnLabelsKeepsTheContext) {
  PaintOptions o = plain_options();
  paint(o);
  const std::int64_t unguided = evaluations_;
  o.guidance = 2;
  const std::vector<float> out = paint(o);
  EXPECT_EQ(evaluations_, 2 * unguided);
  EXPECT_EQ(denoiser_.with, denoiser_.all);
  // (1 + 2)·(110 + c) − 2·(10 + c): labels count three times, the context once.
  EXPECT_NEAR(out[0], 3 * 100 + 10, 2);
}

TEST(Context, ADenoiserThatSeesNoneIsNotGuidedByIt) {
  const CanvasLabelGrid labels = filled({24, 20}, 1);
  for (const bool per_label : {false, true}) {
    FakeDenoiser denoiser(3, mix, per_label);
    PaintOptions o = plain_options();
    o.guidance = 1;
    PaintJob plain(paint_model(), labels), guided(paint_model(), labels);
    const std::vector<float> expected = plain.paint(denoiser, o);
    o.context_guidance = 2;
    EXPECT_TRUE(same_bits(guided.paint(denoiser, o), expected)) << per_label;
    EXPECT_EQ(guided.report.evaluations, plain.report.evaluations);
  }
}

TEST_F(CascadePainting, GuidanceOnTheContextTakesAnEvaluationWithoutIt) {
  PaintOptions o = plain_options();
  paint(o);
  const std::int64_t unguided = evaluations_;
  o.context_guidance = 3;
  EXPECT_NEAR(paint(o)[0], 100 + 4 * 10, 5);
  EXPECT_EQ(evaluations_, 2 * unguided);
  o.guidance = 1;
  EXPECT_NEAR(paint(o)[0], 2 * 100 + 4 * 10, 5);
  EXPECT_EQ(evaluations_, 3 * unguided);
}

TEST_F(CascadePainting, FullConsistencyPaintsTheColoursOfThePicture) {
  PaintOptions o = plain_options();
  const std::vector<float> plain = paint(o);
  o.consistency = 1;
  const std::vector<float> out = paint(o);
  std::vector<float> pixels(3 * 24 * 24);
  picture_.read({0, 0, 24, 24}, pixels.data());
  for (std::int64_t y = 0; y < 20; ++y)
    for (std::int64_t x = 0; x < 24; ++x) {
      const std::int64_t u = std::clamp<std::int64_t>(x - 2, 0, 23),
                         v = std::clamp<std::int64_t>(y - 1, 0, 23);
      double sum = 0;
      for (std::int64_t c = 0; c < 3; ++c)
        sum += double{pixels[static_cast<std::size_t>((c * 24 + v) * 24 + u)]};
      // One channel can't show three colours: their mean is nearest.
      EXPECT_NEAR(out[static_cast<std::size_t>(y * 24 + x)], 200 * sum / 3, 0.1);
    }
  o.consistency = 0.5;
  const std::vector<float> half = paint(o);
  EXPECT_FALSE(same_bits(half, out));
  EXPECT_FALSE(same_bits(half, plain));
}

TEST_F(CascadePainting, ConsistencyWithoutAPictureChangesNothing) {
  PaintOptions o = plain_options();
  const std::vector<float> plain = paint(o, /*context=*/false);
  o.consistency = 1;
  EXPECT_TRUE(same_bits(paint(o, /*context=*/false), plain));
}

}  // namespace
}  // namespace histoloom
