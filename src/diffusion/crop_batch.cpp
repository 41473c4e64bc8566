#include "crop_batch.h"

#include <algorithm>
#include <array>

#include "colour_pull.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

// Conditions that are not one label.
constexpr int kNone = -1;            // no label
constexpr int kWholeMap = -2;        // all labels
constexpr int kWithoutContext = -3;  // all labels, and nothing of the coarser stage
constexpr int kLabelIds = 256;

bool sees_whole_map(int condition) {
  return condition == kWholeMap || condition == kWithoutContext;
}

}  // namespace

std::int64_t disown_known(CropData& data) {
  std::int64_t owned = 0;
  for (std::size_t i = 0; i < data.known.size(); ++i) {
    if (data.known[i] != 0) data.crop.owned[i] = 0;
    owned += data.crop.owned[i];
  }
  return owned;
}

CropEvaluator::CropEvaluator(const DiffusionModel& model, Denoiser& denoiser, const Scene& scene,
                             const Sampling& sampling)
    : model_(model),
      denoiser_(denoiser),
      scene_(scene),
      sampling_(sampling),
      context_guidance_(denoiser.context_channels() > 0 ? sampling.context_guidance : 0),
      wants_colours_(scene.context != nullptr && ColourPull(model, sampling.consistency).pulls()),
      known_(scene, model.channels),
      noise_(sampling.seed) {}

void CropEvaluator::read_labels(CropData& data) const {
  data.labels.resize(cells());
  const LatentRect rect = LatentRect::at(data.crop.corner, {patch(), patch()});
  scene_.labels.read(rect, data.labels.data());
  data.known = known_.flags(rect, data.labels.data());
}

void CropEvaluator::read_state(CropData& data, const LatentArray* state,
                               const SolverStep& step) const {
  const LatentRect rect = LatentRect::at(data.crop.corner, {patch(), patch()});
  const auto n = static_cast<std::int64_t>(cells());
  if (scene_.context != nullptr) {
    data.context.resize(cells() * static_cast<std::size_t>(scene_.context->channels()));
    scene_.context->read(data.crop.corner, model_.patch, data.context.data());
  }
  if (wants_colours_) {
    data.colours.resize(3 * cells());
    scene_.context->read_colours(data.crop.corner, model_.patch, data.colours.data());
  }
  data.y.resize(cells() * static_cast<std::size_t>(channels()));
  if (state != nullptr) state->read(rect, data.y.data());
  const std::vector<float> clean = known_.clean(rect, data.labels.data());
  std::vector<float> estimate;
  if (state == nullptr && scene_.estimate != nullptr) {
    estimate.resize(data.y.size());
    scene_.estimate->read(rect, estimate.data());
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t x = rect.x0 + i % patch(), y = rect.y0 + i / patch();
    float* cell = data.y.data() + i;
    if (data.known[static_cast<std::size_t>(i)] != 0) {
      // What is known is at any time itself under its own noise.
      noise_.normals(sampling_.noise.known, x, y, 0, channels(), n, cell);
      for (int c = 0; c < channels(); ++c)
        cell[c * n] =
            step.alpha * clean[static_cast<std::size_t>(c * n + i)] + step.sigma * cell[c * n];
    } else if (state == nullptr) {
      noise_.normals(sampling_.noise.start, x, y, 0, channels(), n, cell);
      for (std::size_t c = 0; !estimate.empty() && c < static_cast<std::size_t>(channels()); ++c) {
        const std::size_t at = c * cells();
        cell[at] = step.alpha * estimate[at + static_cast<std::size_t>(i)] + step.sigma * cell[at];
      }
    }
  }
}

int CropEvaluator::group_size(bool guided) const {
  // A crop holds two labels or so where each costs an evaluation.
  const int labels = denoiser_.one_evaluation_per_label() ? 2 : 1;
  const int others = (sampling_.guidance != 0 ? 1 : 0) + (context_guidance_ != 0 ? 1 : 0);
  return std::max(1, model_.batch / (labels + (guided ? others : 0)));
}

std::vector<int> CropEvaluator::conditions_of(const CropData& data, bool guided) const {
  std::vector<int> out;
  if (!denoiser_.one_evaluation_per_label()) {
    out.push_back(kWholeMap);
    if (guided && sampling_.guidance != 0) out.push_back(kNone);
    if (guided && context_guidance_ != 0) out.push_back(kWithoutContext);
    return out;
  }
  // Only labels that own a cell which this crop writes; unknown is the unconditional evaluation.
  std::array<bool, kLabelIds> present{};
  for (std::size_t i = 0; i < cells(); ++i)
    if (data.crop.owned[i]) present[data.labels[i]] = true;
  for (int id = 0; id < kLabelIds; ++id)
    if (present[static_cast<std::size_t>(id)] && id != scene_.unknown &&
        !known_.is_glass(static_cast<LabelId>(id)))
      out.push_back(id);
  if (guided || present[scene_.unknown]) out.push_back(kNone);
  return out;
}

std::vector<CropEvaluator::Evaluation> CropEvaluator::plan(const std::vector<CropData>& group,
                                                           bool guided) const {
  std::vector<Evaluation> out;
  for (std::size_t k = 0; k < group.size(); ++k)
    for (const int condition : conditions_of(group[k], guided)) out.push_back({k, condition});
  return out;
}

at::Tensor CropEvaluator::input(CropData& data, const Evaluation& evaluation) const {
  const at::Tensor y = at::from_blob(data.y.data(), {channels(), patch(), patch()});
  const int planes = denoiser_.context_channels();
  if (planes == 0) return y;
  const bool seen = !data.context.empty() && evaluation.condition != kWithoutContext;
  const at::Tensor context = seen ? at::from_blob(data.context.data(), {planes, patch(), patch()})
                                  : at::zeros({planes, patch(), patch()});
  return at::cat({y, context});
}

at::Tensor CropEvaluator::label_map(const CropData& data, const Evaluation& evaluation) const {
  at::Tensor map = at::zeros({patch(), patch()}, at::kLong);
  if (evaluation.condition == kNone) return map;
  auto* out = map.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < cells(); ++i) {
    const LabelId id = data.labels[i];
    const bool shown = sees_whole_map(evaluation.condition) || id == evaluation.condition;
    out[i] = shown && id != scene_.unknown ? id : 0;
  }
  return map;
}

void CropEvaluator::predict(std::vector<CropData>& group, int time, bool guided,
                            DenoiserCounters& counters) {
  const std::vector<Evaluation> evaluations = plan(group, guided);
  const auto batch = static_cast<std::size_t>(model_.batch);
  std::vector<at::Tensor> outputs;
  for (std::size_t first = 0; first < evaluations.size(); first += batch) {
    // Always a whole batch: the result of a patch must not depend on how many others there were.
    const std::size_t used = std::min(batch, evaluations.size() - first);
    std::vector<at::Tensor> xs, maps;
    for (std::size_t i = 0; i < batch; ++i) {
      const Evaluation& e = evaluations[first + std::min(i, used - 1)];
      xs.push_back(input(group[e.crop], e));
      maps.push_back(label_map(group[e.crop], e));
    }
    const at::Tensor x = at::stack(xs), labels = at::stack(maps);
    const at::Tensor times = at::full({model_.batch}, static_cast<float>(time));
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

void CropEvaluator::combine(std::vector<CropData>& group,
                            const std::vector<Evaluation>& evaluations, const at::Tensor& outputs,
                            bool guided) const {
  const std::size_t size = cells() * static_cast<std::size_t>(channels());
  const float* all = outputs.data_ptr<float>();
  const auto w = static_cast<float>(guided ? sampling_.guidance : 0),
             v = static_cast<float>(guided ? context_guidance_ : 0);
  for (std::size_t k = 0; k < group.size(); ++k) {
    // The evaluation that each label takes: its own, the whole map's, or none's.
    std::array<const float*, kLabelIds> of_label{};
    const float *none = nullptr, *bare = nullptr;
    for (std::size_t e = 0; e < evaluations.size(); ++e) {
      if (evaluations[e].crop != k) continue;
      const float* output = all + e * size;
      const int condition = evaluations[e].condition;
      if (condition == kNone)
        none = output;
      else if (condition == kWithoutContext)
        bare = output;
      else if (condition == kWholeMap)
        of_label.fill(output);
      else
        of_label[static_cast<std::size_t>(condition)] = output;
    }
    group[k].prediction.assign(size, 0);
    for (std::size_t i = 0; i < cells(); ++i) {
      const float* conditional = of_label[group[k].labels[i]];
      if (conditional == nullptr) conditional = none;
      if (conditional == nullptr) continue;  // a cell that this crop does not write
      for (std::size_t c = i; c < size; c += cells()) {
        float value = conditional[c];
        if (w != 0) value = (1 + w) * conditional[c] - w * none[c];
        if (v != 0) value += v * (conditional[c] - bare[c]);
        group[k].prediction[c] = value;
      }
    }
  }
}

}  // namespace histoloom
