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

void MaskSampler::Scale::add(const CompletedMask& mask) {
  const at::Tensor known = at::nonzero(mask.known.flatten()).squeeze(1);
  if (known.numel() == 0) return;
  planes.push_back(at::stack({mask.classes, mask.known.to(at::kLong)}).to(at::kDouble));
  cells.push_back(known);
  weights.push_back(static_cast<float>(known.numel()));
}

CompletedMask coarser_mask(const CompletedMask& mask, std::int64_t factor) {
  const std::int64_t h = mask.classes.size(0) / factor, w = mask.classes.size(1) / factor;
  const auto in_cells = [&](const at::Tensor& plane) {
    return plane.narrow(0, 0, h * factor)
        .narrow(1, 0, w * factor)
        .reshape({h, factor, w, factor})
        .permute({0, 2, 1, 3})
        .reshape({h, w, factor * factor});
  };
  const at::Tensor classes = in_cells(mask.classes) + 1;  // glass is −1
  const std::int64_t count = classes.max().item<std::int64_t>() + 1;
  return {at::one_hot(classes, count).sum(2).argmax(2) - 1,
          in_cells(mask.known).to(at::kFloat).mean(2) >= 0.5};
}

MaskSampler::MaskSampler(const std::vector<PromptedMask>& masks, const MaskModel& model)
    : model_(model) {
  const auto& coarser = model.spec().coarser;
  std::map<LabelId, Prompt> prompts;
  for (const PromptedMask& m : masks) {
    Prompt& prompt = prompts[m.condition];
    prompt.finer.condition = m.condition;
    if (!m.coarser_only) prompt.finer.add(m.mask);
    if (!coarser) continue;
    prompt.coarser.condition = model.coarser_condition(m.condition);
    const std::int64_t factor = coarser->cell / model.spec().cell;
    const std::int64_t least = std::min(m.mask.classes.size(0), m.mask.classes.size(1)) / factor;
    if (2 * least >= model.spec().patch) prompt.coarser.add(coarser_mask(m.mask, factor));
  }
  for (auto& [condition, prompt] : prompts)
    if (!prompt.finer.planes.empty() || !prompt.coarser.planes.empty())
      prompts_.push_back(std::move(prompt));
}

std::vector<LabelId> MaskSampler::without_coarser() const {
  std::vector<LabelId> out;
  for (const Prompt& prompt : prompts_)
    if (model_.spec().coarser && prompt.coarser.planes.empty())
      out.push_back(prompt.finer.condition);
  return out;
}

const MaskSampler::Scale& MaskSampler::draw_scale() const {
  const Prompt& prompt =
      prompts_[static_cast<std::size_t>(random_below(static_cast<std::int64_t>(prompts_.size())))];
  if (prompt.coarser.planes.empty()) return prompt.finer;
  if (prompt.finer.planes.empty()) return prompt.coarser;
  return random_below(2) == 1 ? prompt.coarser : prompt.finer;
}

at::Tensor MaskSampler::draw_classes(const Scale& scale) const {
  const std::int64_t side = model_.spec().patch;
  const at::Tensor weights = at::tensor(scale.weights);
  at::Tensor classes;
  for (int i = 0; i < kTries; ++i) {
    const auto pick = static_cast<std::size_t>(at::multinomial(weights, 1).item<std::int64_t>());
    const at::Tensor& planes = scale.planes[pick];
    const at::Tensor& cells = scale.cells[pick];
    const std::int64_t cell = cells[random_below(cells.numel())].item<std::int64_t>();
    const std::int64_t h = planes.size(1), w = planes.size(2);
    const auto start = [side](std::int64_t at, std::int64_t length) {
      return std::clamp(at - random_below(side), std::min<std::int64_t>(0, length - side),
                        std::max<std::int64_t>(0, length - side));
    };
    const std::int64_t y = start(cell / w, h), x = start(cell % w, w);
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
    const Scale& scale = draw_scale();
    at::Tensor patch = draw_classes(scale);
    if (model_.has_beyond() && random_unit() < kGlassShare)
      patch = patch.masked_fill(random_region(side), -1);
    const bool shown = random_unit() >= unconditional;
    conditions.push_back(shown ? at::where(patch >= 0, at::full_like(patch, scale.condition),
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
