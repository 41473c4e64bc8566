#include "histoloom/bundle/mask_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "histoloom/bundle/registry.h"
#include "histoloom/core/error.h"
#include "with_weights.h"

namespace histoloom {

namespace {

std::string model_json(const ModelBundle& bundle) {
  return (bundle.directory / "model.json").string();
}

void require_equal(const ModelBundle& bundle, const char* what, std::size_t got,
                   std::size_t wanted) {
  if (got != wanted)
    throw UserError(fmt::format("{}: mask_denoiser has {} {}, its labels and prompts need {}",
                                model_json(bundle), got, what, wanted));
}

}  // namespace

MaskModel::MaskModel(const ModelBundle& bundle)
    : bundle_(bundle),
      classes_(bundle.labels.tissue()),
      has_beyond_(bundle.labels.glass().has_value()) {
  if (!bundle.mask_denoiser || !bundle.mask)
    throw UserError(fmt::format("{}: has no 'mask_denoiser' with a 'mask' that describes it",
                                model_json(bundle)));
  if (classes_.size() < 2)
    throw UserError(fmt::format("{}: a mask denoiser needs two labels of tissue, but they are {}",
                                model_json(bundle), bundle.labels.describe()));
}

float MaskModel::inside() const { return static_cast<float>(spec().scale) + outside(); }

float MaskModel::outside() const {
  return -static_cast<float>(spec().scale) / static_cast<float>(classes_.size());
}

LabelId MaskModel::condition(std::string_view prompt) const {
  const std::vector<std::string>& prompts = bundle_.prompts;
  if (prompt.empty()) return prompts.empty() ? 0 : 1;
  const auto at = std::find(prompts.begin(), prompts.end(), prompt);
  if (at == prompts.end())
    throw UserError(fmt::format(
        "'{}' is not a prompt of model '{}'; {}", prompt, bundle_.name,
        prompts.empty() ? "it has none" : fmt::format("they are: {}", fmt::join(prompts, ", "))));
  return static_cast<LabelId>(at - prompts.begin() + 1);
}

std::size_t MaskModel::finer_conditions() const {
  return bundle_.prompts.size() + (has_beyond_ ? 2 : 1);
}

std::size_t MaskModel::conditions() const {
  return finer_conditions() +
         (spec().coarser ? std::max<std::size_t>(1, bundle_.prompts.size()) : 0);
}

LabelId MaskModel::coarser_condition(LabelId condition) const {
  check_internal(spec().coarser.has_value(), "a coarser scale that the mask denoiser doesn't have");
  const std::size_t at = std::max<std::size_t>(1, condition) - 1;
  return static_cast<LabelId>(finer_conditions() + at);
}

DiffusionModel MaskModel::diffusion_model() const {
  return {.name = "labels",
          .channels = static_cast<int>(classes_.size()),
          .patch = spec().patch,
          .batch = spec().batch,
          .schedule = NoiseSchedule::of(bundle_.schedule),
          .prediction = spec().prediction,
          .clip = inside()};
}

std::unique_ptr<Denoiser> MaskModel::make() const {
  const NetworkSpec& network = *bundle_.mask_denoiser;
  auto denoiser = make_denoiser(network.architecture, network.config_json,
                                model_json(bundle_) + ": mask_denoiser");
  require_equal(bundle_, "channels", static_cast<std::size_t>(denoiser->channels()),
                classes_.size());
  require_equal(bundle_, "conditions", static_cast<std::size_t>(denoiser->labels()), conditions());
  if (spec().patch % denoiser->alignment() != 0)
    throw UserError(fmt::format("{}: 'mask.patch' must be a multiple of {}, got {}",
                                model_json(bundle_), denoiser->alignment(), spec().patch));
  return denoiser;
}

std::unique_ptr<Denoiser> MaskModel::load(DType dtype) const {
  return with_weights(make(), bundle_, *bundle_.mask_denoiser, dtype);
}

}  // namespace histoloom
