// Labels painted by a mask denoiser with random weights: what must hold whatever it has learnt.
#include "label_painting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "canvas_files.h"
#include "histoloom/bundle/registry.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

constexpr LabelId kPaintedUnknown = 0, kPaintedGlass = 3;

// Two classes of tissue, two prompts; a mask cell is 2 × 2 latent cells.
nlohmann::ordered_json mask_model_json() {
  nlohmann::ordered_json json = small_model_json();
  json["label_set"]["labels"].push_back({{"id", 2}, {"name", "other"}, {"color", {0, 0, 9}}});
  json["mask"] = {{"cell", 16},    {"patch", 8},         {"batch", 2},
                  {"scale", 0.25}, {"prediction", "x0"}, {"defaults", json["defaults"]}};
  json["mask"]["defaults"]["steps"] = 4;
  json["mask_denoiser"] = {{"architecture", "label_map_unet"},
                           {"config", json["denoiser"]["config"]},
                           {"weights", "mask_denoiser.safetensors"}};
  json["mask_denoiser"]["config"]["latent_channels"] = 2;
  return json;
}

class StopWhenTold final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view) override {}
  bool stop_requested() const override { return stop; }
  bool stop = false;
};

// Glass left of a slanted line, unknown tissue right of it, a square of label 2 in it.
LabelGrid outline(CellSize size) {
  LabelGrid grid(size, kPaintedUnknown);
  for (std::int64_t y = 0; y < size.height; ++y)
    for (std::int64_t x = 0; x < size.width; ++x)
      grid.at({x, y}) = x < 9 + y / 4                ? kPaintedGlass
                        : x >= 30 && x < 35 && y < 5 ? LabelId{2}
                                                     : kPaintedUnknown;
  return grid;
}

std::vector<LabelId> all_of(const LabelField& field) {
  std::vector<LabelId> out(static_cast<std::size_t>(field.size().area()));
  field.read(CellRect::of(field.size()), out.data());
  return out;
}

class LabelPaintingTest : public testing::Test {
 protected:
  explicit LabelPaintingTest(const nlohmann::ordered_json& json = mask_model_json()) {
    write_small_bundle(scratch_ / "model", json);
    const auto network =
        make_denoiser("label_map_unet", json["mask_denoiser"]["config"].dump(), "test");
    randomise(network->parameters(), 3);
    write_safetensors(scratch_ / "model" / "mask_denoiser.safetensors", network->parameters(), {});
    bundle_ = ModelBundle::read(scratch_ / "model");
  }

  struct Run {
    std::string prompt;
    int threads = 1;
    PaintedPart done;
    std::string directory = "work";
    std::function<void(PaintedPart)> committed = [](PaintedPart) {};
    CellSize size{47, 39};
    std::uint64_t seed = 5;
  };
  std::unique_ptr<LabelField> paint(const Run& run) {
    std::filesystem::create_directories(scratch_ / run.directory);
    const LabelPainting painting(bundle_, run.prompt, run.size, run.seed, run.threads);
    report_ = {};
    return painting.paint(
        std::make_unique<LabelGrid>(outline(run.size)), *MaskModel(bundle_).load(DType::float32),
        canvas_in(scratch_ / run.directory, cache_), run.done,
        [&](PaintedPart part, const DiffusionReport&) { run.committed(part); }, progress_, report_);
  }

  ScratchDirectory scratch_;
  ModelBundle bundle_;
  ChunkCache cache_{1 << 20};
  StopWhenTold progress_;
  DiffusionReport report_;
};

TEST_F(LabelPaintingTest, UnknownCellsBecomeClassesAndAllOthersStay) {
  const LabelGrid before = outline({47, 39});
  const std::vector<LabelId> after = all_of(*paint({}));
  std::set<LabelId> painted;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (before.cells()[i] == kPaintedUnknown)
      painted.insert(after[i]);
    else
      ASSERT_EQ(after[i], before.cells()[i]) << "cell " << i;
  }
  EXPECT_EQ(painted, (std::set<LabelId>{1, 2}));
  EXPECT_GT(report_.evaluations, 0);
  EXPECT_EQ(report_.steps.size(), 4u);
}

// The quadratic B-spline by its definition, at a distance in cells.
double bspline(double distance) {
  const double d = std::abs(distance);
  return d < 0.5 ? 0.75 - d * d : d < 1.5 ? 0.5 * (1.5 - d) * (1.5 - d) : 0;
}

TEST_F(LabelPaintingTest, TheClassIsTheInterpolatedChannelWithTheLargestValue) {
  const CellSize size{47, 39};
  const std::vector<LabelId> ids = all_of(*paint({}));
  // Four steps end in the first of the two latent buffers.
  const LatentArray canvas = LatentArray::open(scratch_ / "work" / "0", cache_);
  ASSERT_EQ(canvas.size(), (LatentSize{24, 20}));
  std::vector<float> values(2 * 24 * 20);
  canvas.read({0, 0, 24, 20}, values.data());
  EXPECT_GT(std::count_if(values.begin(), values.end(), [](float v) { return std::isnan(v); }), 0)
      << "glass that no crop held";
  for (float& value : values)
    if (std::isnan(value)) value = 0;
  const LabelGrid before = outline(size);
  int compared = 0;
  for (std::int64_t i = 0; i < size.area(); ++i) {
    if (before.cells()[static_cast<std::size_t>(i)] != kPaintedUnknown) continue;
    // A mask cell is 2 x 2 latent cells; those beyond the border are those at it.
    const std::int64_t column = i % size.width, row = i / size.width;
    const double x = static_cast<double>(column) / 2 - 0.25,
                 y = static_cast<double>(row) / 2 - 0.25;
    const auto inside = [](int at, int last) {
      return static_cast<std::size_t>(std::clamp(at, 0, last));
    };
    double sum[2] = {0, 0};
    for (int v = -2; v < 22; ++v)
      for (int u = -2; u < 26; ++u)
        for (std::size_t c = 0; c < 2; ++c)
          sum[c] += bspline(x - u) * bspline(y - v) *
                    static_cast<double>(values[(c * 20 + inside(v, 19)) * 24 + inside(u, 23)]);
    if (std::abs(sum[1] - sum[0]) < 1e-5) continue;  // rounding decides
    ASSERT_EQ(ids[static_cast<std::size_t>(i)], sum[1] > sum[0] ? 2 : 1) << x << "," << y;
    ++compared;
  }
  EXPECT_GT(compared, 1000);
}

TEST_F(LabelPaintingTest, MasksDrawNoiseThatImagesDont) {
  const CanvasNoise noise =
      LabelPainting(bundle_, "", {47, 39}, 1, 1).stages().back()->sampling().noise;
  EXPECT_EQ(noise.start, NoiseDomain::mask_start);
  EXPECT_EQ(noise.step, NoiseDomain::mask_step);
  EXPECT_EQ(noise.known, NoiseDomain::mask_known);
}

TEST_F(LabelPaintingTest, AnyRectangleReadsTheSameLabels) {
  const auto field = paint({});
  const std::vector<LabelId> all = all_of(*field);
  for (const CellRect rect : {CellRect{0, 0, 1, 1}, CellRect{13, 5, 36, 38},
                              CellRect{46, 38, 47, 39}, CellRect{11, 0, 12, 39}}) {
    std::vector<LabelId> part(static_cast<std::size_t>(rect.area()));
    field->read(rect, part.data());
    for (std::int64_t i = 0; i < rect.area(); ++i)
      ASSERT_EQ(part[static_cast<std::size_t>(i)],
                all[static_cast<std::size_t>((rect.y0 + i / rect.width()) * 47 + rect.x0 +
                                             i % rect.width())]);
  }
}

TEST_F(LabelPaintingTest, ThreadsDontChangeALabel) {
  const std::vector<LabelId> expected = all_of(*paint({}));
  for (const int threads : {2, 3, 8}) {
    const std::string directory = "threads" + std::to_string(threads);
    EXPECT_EQ(
        all_of(*paint({.prompt = "", .threads = threads, .done = {}, .directory = directory})),
        expected)
        << threads;
  }
}

TEST_F(LabelPaintingTest, SeedAndPromptMatterAndTheFirstPromptIsTheDefault) {
  const std::vector<LabelId> base = all_of(*paint({}));
  Run run;
  run.directory = "first";
  run.prompt = "first";
  EXPECT_EQ(all_of(*paint(run)), base);
  run.directory = run.prompt = "second";
  EXPECT_NE(all_of(*paint(run)), base);
  run = {};
  run.directory = "seed";
  run.seed = 6;
  EXPECT_NE(all_of(*paint(run)), base);
}

TEST_F(LabelPaintingTest, APaintingThatWasStoppedGoesOnToTheSameLabels) {
  const std::vector<LabelId> expected = all_of(*paint({}));
  Run run;
  run.directory = "stopped";
  PaintedPart done;
  run.committed = [&](PaintedPart part) {
    done = part;
    progress_.stop = part.steps == 2;
  };
  EXPECT_NE(message_of<Interrupted>([&] { paint(run); }), "");
  EXPECT_EQ(done.steps, 2);
  progress_.stop = false;
  run.committed = [](PaintedPart) {};
  run.done = done;
  EXPECT_EQ(all_of(*paint(run)), expected);
}

TEST_F(LabelPaintingTest, SlidesSmallerThanAPatchArePainted) {
  Run run;
  run.size = {12, 3};
  const std::vector<LabelId> ids = all_of(*paint(run));
  EXPECT_EQ(ids[0], kPaintedGlass);
  EXPECT_TRUE(ids[11] == 1 || ids[11] == 2);
}

TEST_F(LabelPaintingTest, AnUnknownPromptListsThePrompts) {
  EXPECT_EQ(message_of([&] {
              LabelPainting(bundle_, "third", {47, 39}, 1, 1);
            }),
            "'third' is not a prompt of model 'small'; they are: first, second");
  bundle_.prompts.clear();
  EXPECT_EQ(message_of([&] {
              LabelPainting(bundle_, "first", {47, 39}, 1, 1);
            }),
            "'first' is not a prompt of model 'small'; it has none");
}

TEST_F(LabelPaintingTest, ABundleWithoutAMaskDenoiserIsNamed) {
  const LabelSpec of_a_layout{.size = {376, 312}, .seed = 5, .source = LayoutSource{}};
  const LabelSpec of_a_mask{.size = {376, 312}, .seed = 5, .source = MaskSource{}};
  EXPECT_EQ(label_painter(of_a_mask, bundle_, 1), nullptr);
  EXPECT_NE(label_painter(of_a_layout, bundle_, 1), nullptr);
  bundle_.mask.reset();
  EXPECT_EQ(label_painter(of_a_layout, bundle_, 1), nullptr);
  EXPECT_EQ(message_of([&] {
              LabelPainting(bundle_, "", {47, 39}, 1, 1);
            }),
            (scratch_ / "model" / "model.json").string() +
                ": has no 'mask_denoiser' with a 'mask' that describes it");
}

TEST_F(LabelPaintingTest, ANetworkThatDoesNotFitIsNamed) {
  const std::string where = (scratch_ / "model" / "model.json").string();
  bundle_.prompts.push_back("third");
  EXPECT_EQ(message_of([&] { paint({}); }),
            where + ": mask_denoiser has 4 conditions, its labels and prompts need 5");
  bundle_.prompts.pop_back();
  bundle_.mask->patch = 7;
  EXPECT_EQ(message_of([&] { paint({.prompt = "", .threads = 1, .done = {}, .directory = "b"}); }),
            where + ": 'mask.patch' must be a multiple of 2, got 7");
}

// ---- Two scales

nlohmann::ordered_json two_scales_json() {
  nlohmann::ordered_json json = mask_model_json();
  json["mask"]["coarser"] = {{"cell", 64}, {"steps", 3}, {"begin", 0.5}};
  json["mask_denoiser"]["config"]["labels"] = 6;
  return json;
}

class TwoScales : public LabelPaintingTest {
 protected:
  TwoScales() : LabelPaintingTest(two_scales_json()) {}
};

TEST_F(TwoScales, StepsCountThroughBoth) {
  std::vector<PaintedPart> parts;
  Run run;
  run.committed = [&](PaintedPart part) { parts.push_back(part); };
  const std::vector<LabelId> ids = all_of(*paint(run));
  const LabelGrid before = outline({47, 39});
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(ids[i] == before.cells()[i], before.cells()[i] != kPaintedUnknown) << "cell " << i;
  EXPECT_EQ(report_.steps.size(), 3u + 4u);
  std::vector<int> steps;
  for (const PaintedPart& part : parts) steps.push_back(part.steps);
  EXPECT_EQ(steps, (std::vector<int>{1, 2, 3, 4, 5, 6, 7}));
  const LabelPainting painting(bundle_, "", {47, 39}, Run{}.seed, 1);
  ASSERT_EQ(painting.stages().size(), 2u);
  EXPECT_EQ(painting.stages()[0]->canvas(), (LatentSize{8, 8})) << "a patch at least";
  EXPECT_EQ(painting.stages()[0]->sampling().noise.start, NoiseDomain::coarser_mask_start);
  EXPECT_GT(painting.disk(), painting.stages()[1]->disk());
  const auto denoiser = MaskModel(bundle_).load(DType::float32);
  EXPECT_EQ(painting.forecast(outline({47, 39}), *denoiser).painting.evaluations,
            static_cast<double>(report_.evaluations));
}

TEST_F(TwoScales, APaintingThatIsStoppedAnywhereGoesOnToTheSameLabels) {
  const std::vector<LabelId> expected = all_of(*paint({}));
  for (int steps = 1; steps <= 7; ++steps) {
    Run run;
    run.directory = "stopped" + std::to_string(steps);
    run.threads = 1 + steps % 3;
    run.committed = [&](PaintedPart part) {
      run.done = part;
      progress_.stop = part.steps == steps;
    };
    const std::string told = message_of<Interrupted>([&] { paint(run); });
    EXPECT_EQ(run.done.steps, steps);
    EXPECT_EQ(told.empty(), steps == 7) << "at the end: " << told;
    progress_.stop = false;
    run.committed = [](PaintedPart) {};
    EXPECT_EQ(all_of(*paint(run)), expected) << steps;
  }
}

TEST_F(TwoScales, TheCanvasesAreRemovedTogether) {
  paint({});
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "work" / "coarser-0"));
  EXPECT_TRUE(holds_only_canvas(scratch_ / "work"));
  remove_canvas(scratch_ / "work");
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "work"));
}

// A network that gives the coarser cells of the left half of a patch the first class, and keeps
// what it is shown of finer ones.
class Halves final : public Denoiser {
 public:
  at::Tensor predict(const at::Tensor& x, const at::Tensor& time,
                     const at::Tensor& labels) override {
    const bool coarser = labels.max().item<std::int64_t>() > 3;
    conditions.insert(labels.max().item<std::int64_t>());
    if (coarser) latest = std::max(latest, time.max().item<float>());
    if (!coarser) first = std::max(first, time.max().item<float>());
    if (!coarser) return x.clone();
    at::Tensor out = at::full_like(x, -0.125f);
    out.select(1, 0).narrow(2, 0, 4).fill_(0.125f);
    out.select(1, 1).narrow(2, 4, 4).fill_(0.125f);
    return out;
  }
  int channels() const override { return 2; }
  int labels() const override { return 6; }
  int alignment() const override { return 1; }
  bool one_evaluation_per_label() const override { return false; }
  double gflop_per_evaluation(int) const override { return 1; }
  NamedTensors parameters() override { return {}; }
  void set_training_dtype(DType) override {}
  void prepare_inference(DType) override {}

  std::set<std::int64_t> conditions;
  float first = 0, latest = 0;
};

TEST_F(TwoScales, TheFinerLabelsStartFromTheCoarserOnes) {
  bundle_.mask->coarser->begin = 0.004;  // hardly any noise
  const LabelPainting painting(bundle_, "second", {64, 64}, 1, 1);
  Halves network;
  std::filesystem::create_directories(scratch_ / "work");
  DiffusionReport report;
  const auto field = painting.paint(
      std::make_unique<LabelGrid>(CellSize{64, 64}, kPaintedUnknown), network,
      canvas_in(scratch_ / "work", cache_), {}, [](PaintedPart, const DiffusionReport&) {},
      progress_, report);
  // A coarser cell is 8 × 8 latent cells, the canvas of 8 × 8 of them one patch. Its tapered step,
  // too, has one crop.
  const std::vector<LabelId> ids = all_of(*field);
  for (std::int64_t i = 0; i < 64 * 64; ++i)
    if (std::abs(i % 64 - 32) > 2) {  // where both classes are as strong, the noise decides
      ASSERT_EQ(ids[static_cast<std::size_t>(i)], i % 64 < 32 ? 1 : 2) << i;
    }
  EXPECT_EQ(network.conditions, (std::set<std::int64_t>{2, 5})) << "of the second prompt";
  EXPECT_EQ(network.latest, 999);
  EXPECT_EQ(network.first, 3);
}

TEST_F(TwoScales, ANetworkWithoutConditionsForThemIsNamed) {
  bundle_.mask->coarser.reset();
  EXPECT_EQ(message_of([&] { paint({}); }),
            (scratch_ / "model" / "model.json").string() +
                ": mask_denoiser has 6 conditions, its labels and prompts need 4");
}

}  // namespace
}  // namespace histoloom
