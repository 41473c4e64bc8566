#include "crop_batch.h"

#include <algorithm>
#include <array>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

// Conditions that are not labels; label ids end at 254.
constexpr LabelId kNone = 255;
constexpr LabelId kWholeMap = 254;

}  // namespace

std::int64_t disown_known(CropWork& work) {
  std::int64_t owned = 0;
  for (std::size_t i = 0; i < work.known.size(); ++i) {
    if (work.known[i] != 0) work.crop.owned[i] = 0;
    owned += work.crop.owned[i];
  }
  return owned;
}

CropEvaluator::CropEvaluator(const ModelBundle& bundle, Denoiser& denoiser, const Scene& scene,
                             const DiffusionOptions& options)
    : bundle_(bundle),
      denoiser_(denoiser),
      scene_(scene),
      options_(options),
      known_(scene, bundle.latent_channels),
      noise_(options.seed) {}

void CropEvaluator::read_labels(CropWork& work) const {
  work.labels.resize(cells());
  const LatentRect rect = LatentRect::at(work.crop.corner, {patch(), patch()});
  scene_.labels.read(rect, work.labels.data());
  work.known = known_.flags(rect, work.labels.data());
}

void CropEvaluator::read_state(CropWork& work, const LatentArray* state,
                               const SolverStep& step) const {
  const LatentRect rect = LatentRect::at(work.crop.corner, {patch(), patch()});
  const auto n = static_cast<std::int64_t>(cells());
  work.y.resize(cells() * static_cast<std::size_t>(channels()));
  if (state != nullptr) state->read(rect, work.y.data());
  const std::vector<float> clean = known_.clean(rect, work.labels.data());
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t x = rect.x0 + i % patch(), y = rect.y0 + i / patch();
    float* cell = work.y.data() + i;
    if (work.known[static_cast<std::size_t>(i)] != 0) {
      // What is known is at any time itself under its own noise.
      noise_.normals(options_.noise.kept, x, y, 0, channels(), n, cell);
      for (int c = 0; c < channels(); ++c)
        cell[c * n] =
            step.alpha * clean[static_cast<std::size_t>(c * n + i)] + step.sigma * cell[c * n];
    } else if (state == nullptr) {
      noise_.normals(options_.noise.start, x, y, 0, channels(), n, cell);
    }
  }
}

int CropEvaluator::group_size(bool guided) const {
  // A crop holds two labels or so where each costs an evaluation.
  const int each = (denoiser_.one_evaluation_per_label() ? 2 : 1) + (guided ? 1 : 0);
  return std::max(1, bundle_.batch / each);
}

std::vector<LabelId> CropEvaluator::conditions_of(const CropWork& work, bool guided) const {
  if (!denoiser_.one_evaluation_per_label())
    return guided ? std::vector<LabelId>{kWholeMap, kNone} : std::vector<LabelId>{kWholeMap};
  // Only labels that own a cell which this crop writes; unknown is the unconditional evaluation.
  std::array<bool, 256> present{};
  for (std::size_t i = 0; i < cells(); ++i)
    if (work.crop.owned[i]) present[work.labels[i]] = true;
  std::vector<LabelId> out;
  for (int id = 0; id < kWholeMap; ++id)
    if (present[static_cast<std::size_t>(id)] && id != scene_.unknown &&
        !known_.is_glass(static_cast<LabelId>(id)))
      out.push_back(static_cast<LabelId>(id));
  if (guided || present[scene_.unknown]) out.push_back(kNone);
  return out;
}

std::vector<CropEvaluator::Evaluation> CropEvaluator::plan(const std::vector<CropWork>& group,
                                                           bool guided) const {
  std::vector<Evaluation> out;
  for (std::size_t k = 0; k < group.size(); ++k)
    for (const LabelId condition : conditions_of(group[k], guided)) out.push_back({k, condition});
  return out;
}

at::Tensor CropEvaluator::label_map(const CropWork& work, const Evaluation& evaluation) const {
  at::Tensor map = torch::zeros({patch(), patch()}, at::kLong);
  if (evaluation.condition == kNone) return map;
  auto* out = map.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < cells(); ++i) {
    const LabelId id = work.labels[i];
    const bool shown = evaluation.condition == kWholeMap || id == evaluation.condition;
    out[i] = shown && id != scene_.unknown ? id : 0;
  }
  return map;
}

void CropEvaluator::predict(std::vector<CropWork>& group, int time, bool guided,
                            DenoiserCounters& counters) {
  const std::vector<Evaluation> evaluations = plan(group, guided);
  const auto batch = static_cast<std::size_t>(bundle_.batch);
  std::vector<at::Tensor> outputs;
  for (std::size_t first = 0; first < evaluations.size(); first += batch) {
    // Always a whole batch: the result of a patch must not depend on how many others there were.
    const std::size_t used = std::min(batch, evaluations.size() - first);
    std::vector<at::Tensor> xs, maps;
    for (std::size_t i = 0; i < batch; ++i) {
      const Evaluation& e = evaluations[first + std::min(i, used - 1)];
      xs.push_back(at::from_blob(group[e.crop].y.data(), {channels(), patch(), patch()}));
      maps.push_back(label_map(group[e.crop], e));
    }
    const at::Tensor x = at::stack(xs), labels = at::stack(maps);
    const at::Tensor times = torch::full({bundle_.batch}, static_cast<float>(time));
    {
      const BusyClock::Call call(counters.clock);
      outputs.push_back(denoiser_.predict(x, times, labels).contiguous());
    }
    counters.evaluations += static_cast<std::int64_t>(used);
    counters.padded += static_cast<std::int64_t>(batch - used);
    ++counters.batches;
  }
  combine(group, evaluations, at::cat(outputs), guided);
}

void CropEvaluator::combine(std::vector<CropWork>& group,
                            const std::vector<Evaluation>& evaluations, const at::Tensor& outputs,
                            bool guided) const {
  const std::size_t size = cells() * static_cast<std::size_t>(channels());
  const float* all = outputs.data_ptr<float>();
  const auto w = static_cast<float>(options_.guidance);
  for (std::size_t k = 0; k < group.size(); ++k) {
    // The evaluation that each label takes: its own, the whole map's, or none's.
    std::array<const float*, 256> of_label{};
    const float* none = nullptr;
    for (std::size_t e = 0; e < evaluations.size(); ++e) {
      if (evaluations[e].crop != k) continue;
      const float* output = all + e * size;
      if (evaluations[e].condition == kNone)
        none = output;
      else if (evaluations[e].condition == kWholeMap)
        of_label.fill(output);
      else
        of_label[evaluations[e].condition] = output;
    }
    group[k].prediction.assign(size, 0);
    for (std::size_t i = 0; i < cells(); ++i) {
      const float* conditional = of_label[group[k].labels[i]];
      if (conditional == nullptr) conditional = none;
      if (conditional == nullptr) continue;  // a cell that this crop does not write
      for (std::size_t c = i; c < size; c += cells())
        group[k].prediction[c] = guided ? (1 + w) * conditional[c] - w * none[c] : conditional[c];
    }
  }
}

}  // namespace histoloom
