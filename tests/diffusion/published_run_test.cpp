// The engine against numbers of DiffInfinite's published code (testdata/parity): the cleaning of a
// mask, one step with several labels a crop, and a whole random-patch diffusion.
#include <gtest/gtest.h>

#include "crop_batch.h"
#include "diffusion/test_paint.h"
#include "histoloom/bundle/registry.h"
#include "histoloom/labels/clean.h"
#include "histoloom/networks/inference_thread.h"
#include "histoloom/weights/safetensors.h"
#include "networks/test_model.h"
#include "step.h"

namespace histoloom {
namespace {

constexpr double kTolerance = 1e-4;  // of the largest expected value

std::unique_ptr<Denoiser> published_denoiser() {
  const std::filesystem::path weights = kit() / "diffinfinite_unet.safetensors";
  const std::string config = SafetensorsFile(weights).metadata().at("config");
  auto network = make_denoiser("diffinfinite_unet", config, weights.string());
  load_parameters(network->parameters(), weights);
  network->prepare_inference(DType::float32);
  return network;
}

DiffusionModel published_model(const Denoiser& denoiser, std::int64_t patch, int batch) {
  DiffusionModel model = paint_model(denoiser.channels(), static_cast<int>(patch), batch);
  model.prediction = Prediction::epsilon;
  model.clip = 1.0;
  return model;
}

// [1, 1, h·f, w·f] pixels of ids or [1, 1, h, w] cells, as labels of h × w cells: the nearest
// pixel, as the published code resizes masks.
CanvasLabelGrid labels_of(const at::Tensor& mask, LatentSize size) {
  CanvasLabelGrid grid(size, 0);
  const std::int64_t factor = mask.size(2) / size.height;
  const at::Tensor ids = mask.to(at::kLong);
  for (std::int64_t y = 0; y < size.height; ++y)
    for (std::int64_t x = 0; x < size.width; ++x)
      grid.at({x, y}) =
          static_cast<LabelId>(ids[0][0][y * factor][x * factor].item<std::int64_t>());
  return grid;
}

// ---- Cleaning a painted mask

TEST(PublishedMask, IsCleanedAsPublished) {
  const SafetensorsFile io(kit() / "clean_mask.safetensors");
  const at::Tensor in = read_tensor(io, "mask_in").contiguous(),
                   expected = read_tensor(io, "mask_out");
  const LabelGrid ids = labels_from_values(in.data_ptr<float>(), {in.size(2), in.size(1)},
                                           std::stoi(io.metadata().at("num_labels")));
  const LabelGrid out = clean_labels(ids, {expected.size(1), expected.size(0)});
  at::Tensor got = at::empty_like(expected);
  std::copy(out.cells().begin(), out.cells().end(), got.data_ptr<std::int32_t>());
  EXPECT_TRUE(at::equal(got, expected));
}

// ---- One DDIM step of crops that hold several labels

class MultiMaskStep : public testing::Test {
 protected:
  // The published noise of the i-th of a crop's sorted labels: [crops that have as many, C, h, w].
  float noise(std::size_t crop, LabelId label, std::int64_t c, std::int64_t cell) const {
    const at::Tensor mask = read_tensor(io_, "mask")[static_cast<std::int64_t>(crop)];
    const at::Tensor sorted = std::get<0>(at::_unique(mask.flatten(), true));
    const auto rank = (sorted < label).sum().item<std::int64_t>();
    return read_tensor(io_, "noise_" + std::to_string(rank))[static_cast<std::int64_t>(crop)][c]
        .flatten()[cell]
        .item<float>();
  }

  const SafetensorsFile io_{kit() / "ddim_multimask.safetensors"};
};

TEST_F(MultiMaskStep, IsReproduced) {
  const auto denoiser = published_denoiser();
  const at::Tensor x = read_tensor(io_, "x"), expected = read_tensor(io_, "x_next");
  const std::int64_t side = x.size(3), cells = side * side, channels = x.size(1);
  const DiffusionModel model = published_model(*denoiser, side, 3);
  PaintOptions options;
  options.guidance = std::stod(io_.metadata().at("cond_scale")) - 1;
  options.eta = std::stod(io_.metadata().at("eta"));
  const CanvasLabelGrid unused({side, side}, 0);
  const Scene scene{unused, 0, std::nullopt, {}};
  CropEvaluator evaluator(model, *denoiser, scene, options);
  const CellSolver solver(model, options);

  std::vector<CropData> group;
  for (std::int64_t k = 0; k < x.size(0); ++k) {
    CropData& work = group.emplace_back();
    work.crop.owned.assign(static_cast<std::size_t>(cells), 1);
    work.labels = labels_of(read_tensor(io_, "mask").slice(0, k, k + 1), {side, side}).cells();
    const at::Tensor y = x[k].contiguous();
    work.y.assign(y.data_ptr<float>(), y.data_ptr<float>() + y.numel());
  }
  const int time = read_tensor(io_, "time").item<int>(),
            next = read_tensor(io_, "time_next").item<int>();
  const Step step{.time = time,
                  .guided = true,
                  .solver = make_solver(SolverKind::ddim, NoiseSchedule::cosine(1000),
                                        {static_cast<double>(time), static_cast<double>(next)},
                                        options.eta, *model.clip)
                                ->step(0, false)};
  DenoiserCounters counters;
  const InferenceThread inference;
  evaluator.predict(group, time, true, counters);

  at::Tensor got = at::empty_like(expected);
  for (std::size_t k = 0; k < group.size(); ++k) {
    CropData& work = group[k];
    solver.predict_x0(work, step);
    for (std::int64_t i = 0; i < channels * cells; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const LabelId label = work.labels[at % static_cast<std::size_t>(cells)];
      got[static_cast<std::int64_t>(k)].view(-1)[i] =
          step.solver.advance(work.y[at], work.x0[at], 0, noise(k, label, i / cells, i % cells));
    }
  }
  EXPECT_LE(largest_error(got, expected), kTolerance);
}

// ---- A whole run with given crops

// Crops from a list of centres, (row, column); a step takes as many as cover the canvas.
class GivenCrops final : public PatchPlan {
 public:
  GivenCrops(LatentSize canvas, std::int64_t patch, const std::vector<LatentPoint>& centres,
             std::size_t& next)
      : canvas_(canvas), patch_(patch), centres_(centres), next_(next), covered_(canvas, 0) {}

  bool next(Crop& crop) override {
    if (count_ == canvas_.area()) return false;
    const LatentPoint centre = centres_.at(next_++);
    crop.corner = {std::clamp(centre.x - patch_ / 2, std::int64_t{0}, canvas_.width - patch_),
                   std::clamp(centre.y - patch_ / 2, std::int64_t{0}, canvas_.height - patch_)};
    crop.owned.assign(static_cast<std::size_t>(patch_ * patch_), 0);
    for (std::int64_t i = 0; i < patch_ * patch_; ++i) {
      LabelId& seen = covered_.at({crop.corner.x + i % patch_, crop.corner.y + i / patch_});
      crop.owned[static_cast<std::size_t>(i)] = seen == 0;
      count_ += seen == 0;
      seen = 1;
    }
    return true;
  }

 private:
  LatentSize canvas_;
  std::int64_t patch_, count_ = 0;
  const std::vector<LatentPoint>& centres_;
  std::size_t& next_;
  CanvasLabelGrid covered_;
};

class RandomPatchRun : public testing::TestWithParam<int> {};

// The published code stops before its last transition; so does this run, where the engine would go
// on to the clean end.
struct StoppedEarly {};

TEST_P(RandomPatchRun, IsReproducedOnDisk) {
  const SafetensorsFile io(kit() / "random_patch_run.safetensors");
  const at::Tensor start = read_tensor(io, "y_T"), expected = read_tensor(io, "y_out");
  const LatentSize canvas{start.size(3), start.size(2)};
  const CanvasLabelGrid labels = labels_of(read_tensor(io, "mask"), canvas);
  const auto denoiser = published_denoiser();
  const std::int64_t patch = std::stol(io.metadata().at("patch_latent"));
  ScratchDirectory scratch;
  ChunkCache cache(1 << 16);
  std::vector<LatentArray> arrays;
  for (const char* name : {"even", "odd", "start"})
    arrays.push_back(LatentArray::create(scratch / name, denoiser->channels(), canvas,
                                         StoreType::float32, cache));
  arrays[2].write(LatentRect::of(canvas), start.data_ptr<float>());

  std::vector<LatentPoint> centres;
  const at::Tensor list = read_tensor(io, "crop_centres");
  for (std::int64_t i = 0; i < list.size(0); ++i)
    centres.push_back({list[i][1].item<std::int64_t>(), list[i][0].item<std::int64_t>()});
  std::size_t next = 0;
  PaintOptions options;
  options.steps = std::stoi(io.metadata().at("sampling_steps"));
  options.eta = std::stod(io.metadata().at("eta"));
  options.guidance = std::stod(io.metadata().at("omega"));
  options.tapered_steps = 0;
  options.threads = 2;
  options.start = &arrays[2];
  options.crops = [&](int) { return std::make_unique<GivenCrops>(canvas, patch, centres, next); };
  options.committed = [&](PaintedPart part, const DiffusionReport&) {
    if (part.steps == options.steps - 1) throw StoppedEarly{};
  };
  TestProgress progress;
  const Scene scene{labels, 0, std::nullopt, {}};
  EXPECT_THROW(paint_latents(published_model(*denoiser, patch, GetParam()), *denoiser, scene,
                             options, options, {.y = {&arrays[0], &arrays[1]}}, progress),
               StoppedEarly);

  EXPECT_EQ(next, centres.size());
  at::Tensor got = at::empty_like(expected);
  arrays[static_cast<std::size_t>(options.steps - 1) % 2].read(LatentRect::of(canvas),
                                                               got.data_ptr<float>());
  EXPECT_LE(largest_error(got, expected), kTolerance);
}

INSTANTIATE_TEST_SUITE_P(BatchSizes, RandomPatchRun, testing::Values(1, 4, 7));

}  // namespace
}  // namespace histoloom
