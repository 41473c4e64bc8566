#include "histoloom/networks/feature_network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "histoloom/core/error.h"
#include "histoloom/networks/inference_thread.h"
#include "rgb_tensor.h"
#include "torchscript.h"

namespace histoloom {

struct FeatureNetwork::State {
  std::filesystem::path file;
  std::int64_t side = 0;
  TorchScriptModule module;

  at::Tensor rows(const at::Tensor& tensor, std::int64_t images) const;
  Output output_of(const torch::jit::IValue& result, std::int64_t images) const;
};

namespace {

constexpr std::uint8_t kGrey = 128;

std::vector<float> numbers_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

}  // namespace

// One row an image, in float32.
at::Tensor FeatureNetwork::State::rows(const at::Tensor& tensor, std::int64_t images) const {
  if (tensor.dim() != 2 || tensor.size(0) != images || tensor.size(1) < 1)
    throw UserError(fmt::format(
        "{}: forward must return a row of numbers for each image, [{}, D], it returns [{}]",
        file.string(), images, fmt::join(tensor.sizes(), ", ")));
  const at::Tensor out = tensor.to(at::kFloat);
  if (!out.isfinite().all().item<bool>())
    throw UserError(fmt::format("{}: forward returns numbers that aren't finite", file.string()));
  return out;
}

FeatureNetwork::Output FeatureNetwork::State::output_of(const torch::jit::IValue& result,
                                                        std::int64_t images) const {
  Output out;
  const bool pair = result.isTuple() && result.toTupleRef().elements().size() == 2 &&
                    result.toTupleRef().elements()[0].isTensor() &&
                    result.toTupleRef().elements()[1].isTensor();
  if (!pair && !result.isTensor())
    throw UserError(
        fmt::format("{}: forward must return features, or a tuple of features and logits; it "
                    "returns {}",
                    file.string(), result.tagKind()));
  const at::Tensor features =
      rows(pair ? result.toTupleRef().elements()[0].toTensor() : result.toTensor(), images);
  out.dimensions = static_cast<std::size_t>(features.size(1));
  out.features = numbers_of(features);
  if (!pair) return out;
  const at::Tensor logits = rows(result.toTupleRef().elements()[1].toTensor(), images);
  out.classes = static_cast<std::size_t>(logits.size(1));
  out.logits = numbers_of(logits);
  return out;
}

FeatureNetwork::FeatureNetwork(const std::filesystem::path& file, int side)
    : state_(std::make_unique<State>()) {
  state_->file = file;
  state_->side = side;
  state_->module.load(file, {"forward"});
  const std::vector<std::uint8_t> grey(static_cast<std::size_t>(side * side * 3), kGrey);
  describe({grey});
}

FeatureNetwork::~FeatureNetwork() = default;

FeatureNetwork::Output FeatureNetwork::describe(
    const std::vector<std::span<const std::uint8_t>>& images) const {
  const InferenceThread inference;
  std::vector<at::Tensor> batch;
  for (const auto image : images) {
    check_internal(static_cast<std::int64_t>(image.size()) == 3 * state_->side * state_->side,
                   "an image has another size than the network was tried with");
    batch.push_back(rgb_tensor(image.data(), {state_->side, state_->side}));
  }
  return state_->output_of(state_->module.run("forward", {at::cat(batch)}),
                           static_cast<std::int64_t>(images.size()));
}

}  // namespace histoloom
