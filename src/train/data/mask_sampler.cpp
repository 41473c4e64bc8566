#include "mask_sampler.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "crops.h"
#include "turn.h"

namespace histoloom {

namespace {

constexpr double kLeastKnown = 0.2;  // of a patch
constexpr int kTries = 16;
constexpr double kGlassShare = 0.5;  // of the patches that lose a part to glass

double random_unit() { return at::rand({1}).item<double>(); }

}  // namespace

at::Tensor random_region(std::int64_t side) {
  const double angle = 2 * std::numbers::pi * random_unit(), slope = 2 + 4 * random_unit();
  const at::Tensor ramp = at::linspace(-0.5, 0.5, side);
  const at::Tensor waves = at::upsample_bilinear2d(at::randn({1, 1, 5, 5}), {side, side},
                                                   /*align_corners=*/true)
                               .view({side, side});
  const at::Tensor height =
      slope * (std::cos(angle) * ramp.unsqueeze(0) + std::sin(angle) * ramp.unsqueeze(1)) + waves;
  const double share = 0.1 + 0.6 * random_unit();
  return height > at::quantile(height.flatten(), 1 - share);
}

MaskSampler::MaskSampler(const std::vector<PromptedMask>& masks, const MaskModel& model)
    : model_(model) {
  std::map<LabelId, Prompt> prompts;
  std::map<LabelId, std::vector<float>> weights;
  for (const PromptedMask& m : masks) {
    const at::Tensor cells = at::nonzero(m.mask.known.flatten()).squeeze(1);
    if (cells.numel() == 0) continue;
    prompts[m.condition].planes.push_back(
        at::stack({m.mask.classes, m.mask.known.to(at::kLong)}).to(at::kDouble));
    prompts[m.condition].cells.push_back(cells);
    weights[m.condition].push_back(static_cast<float>(cells.numel()));
  }
  for (auto& [condition, prompt] : prompts) {
    prompt.condition = condition;
    prompt.weights = at::tensor(weights[condition]);
    prompts_.push_back(std::move(prompt));
  }
}

at::Tensor MaskSampler::draw_classes(const Prompt& prompt) const {
  const std::int64_t side = model_.spec().patch;
  at::Tensor classes;
  for (int i = 0; i < kTries; ++i) {
    const auto pick =
        static_cast<std::size_t>(at::multinomial(prompt.weights, 1).item<std::int64_t>());
    const at::Tensor& planes = prompt.planes[pick];
    const at::Tensor& cells = prompt.cells[pick];
    const std::int64_t cell = cells[random_below(cells.numel())].item<std::int64_t>();
    const std::int64_t h = planes.size(1), w = planes.size(2);
    const std::int64_t y = std::clamp<std::int64_t>(cell / w - random_below(side), 0, h - side);
    const std::int64_t x = std::clamp<std::int64_t>(cell % w - random_below(side), 0, w - side);
    const double half = static_cast<double>(side) / 2;
    TurnedFrame frame{static_cast<double>(y) + half, static_cast<double>(x) + half, side, side};
    frame.mirrored = random_below(2) == 1;
    frame.angle = 2 * std::numbers::pi * random_unit();
    const at::Tensor patch = cut_turned(planes, frame, Interpolation::nearest);
    classes = patch[0].to(at::kLong);
    if (patch[1].mean().item<double>() >= kLeastKnown) break;
  }
  return classes;
}

MaskBatch MaskSampler::draw(int batch, double unconditional) const {
  const std::int64_t side = model_.spec().patch;
  const auto count = static_cast<std::int64_t>(model_.classes().size());
  std::vector<at::Tensor> classes, conditions;
  for (int i = 0; i < batch; ++i) {
    const Prompt& prompt = prompts_[static_cast<std::size_t>(
        random_below(static_cast<std::int64_t>(prompts_.size())))];
    at::Tensor patch = draw_classes(prompt);
    if (model_.has_beyond() && random_unit() < kGlassShare)
      patch = patch.masked_fill(random_region(side), -1);
    const bool shown = random_unit() >= unconditional;
    conditions.push_back(shown ? at::where(patch >= 0, at::full_like(patch, prompt.condition),
                                           at::full_like(patch, model_.beyond()))
                               : at::zeros_like(patch));
    classes.push_back(patch);
  }
  const at::Tensor ids = at::stack(classes);
  const at::Tensor tissue = (ids >= 0).to(at::kFloat).unsqueeze(1);
  const at::Tensor hot = at::one_hot(ids.clamp_min(0), count).permute({0, 3, 1, 2}).to(at::kFloat);
  return {(hot * model_.spec().scale + model_.outside()) * tissue, at::stack(conditions), tissue};
}

}  // namespace histoloom
