#include "histoloom/bundle/stated_weights.h"

#include <nlohmann/json.hpp>

#include "model_json.h"

namespace histoloom {

using nlohmann::ordered_json;

namespace {

constexpr const char* kSum = "sha256";
constexpr const char* kTrainedOn = "autoencoder_sha256";

}  // namespace

std::string StatedWeights::stated() const {
  ordered_json root = parse_model_json(read_model_json(directory), directory);
  const ordered_json sum = network_entry(root, network).value(kSum, ordered_json());
  return sum.is_string() ? sum.get<std::string>() : std::string();
}

void StatedWeights::withdraw() const {
  edit_model_json(directory, [this](ordered_json& root) {
    ordered_json& entry = network_entry(root, network);
    entry.erase(kSum);
    entry.erase(kTrainedOn);
  });
}

void StatedWeights::state(const std::string& sum, const std::string& before) const {
  edit_model_json(directory, [&](ordered_json& root) {
    ordered_json& entry = network_entry(root, network);
    entry[kSum] = sum;
    if (!autoencoder.empty()) entry[kTrainedOn] = autoencoder;
    if (!same_latents || before.empty()) return;
    const auto keep = [&](ordered_json& stage) {
      ordered_json& denoiser = stage["denoiser"];
      if (denoiser.value(kTrainedOn, ordered_json()) == before) denoiser[kTrainedOn] = sum;
    };
    keep(root);
    // Denoisers of coarser stages see the same autoencoder, or one whose sum is another.
    if (root.contains("stages"))
      for (ordered_json& stage : root["stages"]) keep(stage);
  });
}

}  // namespace histoloom
