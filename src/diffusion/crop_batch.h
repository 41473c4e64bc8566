// Crops on their way through the denoiser: what they read, how they are batched, what came out.
#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <vector>

#include "histoloom/core/busy_clock.h"
#include "histoloom/core/noise.h"
#include "histoloom/diffusion/sampling.h"
#include "histoloom/diffusion/scene.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/networks/diffusion_model.h"
#include "known_cells.h"
#include "solver.h"

namespace histoloom {

// One crop in one step.
struct CropData {
  Crop crop;
  std::vector<LabelId> labels;      // patch × patch
  std::vector<std::uint8_t> known;  // patch × patch, 1: not painted
  std::vector<float> context;       // planes × patch × patch; empty: the denoiser sees none
  std::vector<float> colours;       // 3 × patch × patch, of the coarser stage; empty: not wanted
  std::vector<float> y;             // channels × patch × patch, before the step
  std::vector<float> prediction;    // channels × patch × patch, guided; until there is an x0
  std::vector<float> x0;            // channels × patch × patch, not clipped
};

// Takes known cells out of what a crop owns; how many cells are left.
std::int64_t disown_known(CropData& data);

// Counts that calls side by side add to.
struct DenoiserCounters {
  std::atomic<std::int64_t> evaluations = 0, padded = 0, batches = 0;
  BusyClock clock;
};

// Reads crops and runs the denoiser over groups of them. Calls from any thread.
class CropEvaluator {
 public:
  CropEvaluator(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                const Sampling& sampling);

  // Fills the labels of `data`, and which of its cells are known.
  void read_labels(CropData& data) const;
  // Fills its y from `state` (nullptr: the start, drawn from the noise), known cells at their own
  // noise, and its context.
  void read_state(CropData& data, const LatentArray* state, const SolverStep& step) const;
  // How many crops fill a batch.
  int group_size(bool guided) const;
  // How many evaluations a crop takes whose labels are read.
  std::int64_t evaluations(const CropData& data, bool guided) const {
    return static_cast<std::int64_t>(conditions_of(data, guided).size());
  }
  // Fills the prediction of every crop of the group at `time`.
  void predict(std::vector<CropData>& group, int time, bool guided, DenoiserCounters& counters);

  int channels() const { return model_.channels; }
  std::int64_t patch() const { return model_.patch; }
  std::size_t cells() const { return static_cast<std::size_t>(patch() * patch()); }
  const KnownCells& known() const { return known_; }

 private:
  // One patch through the network: a crop under a condition.
  struct Evaluation {
    std::size_t crop;
    int condition;  // a label, or one of what they are not in the implementation
  };
  // The conditions that a crop is evaluated under.
  std::vector<int> conditions_of(const CropData& data, bool guided) const;
  std::vector<Evaluation> plan(const std::vector<CropData>& group, bool guided) const;
  // Latents, and the context that the evaluation sees: [C + K, p, p].
  at::Tensor input(CropData& data, const Evaluation& evaluation) const;
  at::Tensor label_map(const CropData& data, const Evaluation& evaluation) const;
  void combine(std::vector<CropData>& group, const std::vector<Evaluation>& evaluations,
               const at::Tensor& outputs, bool guided) const;

  const DiffusionModel& model_;
  Denoiser& denoiser_;
  const Scene& scene_;
  const Sampling& sampling_;
  double context_guidance_;  // 0 where the denoiser sees no context
  bool wants_colours_;
  KnownCells known_;
  CounterNoise noise_;
};

}  // namespace histoloom
