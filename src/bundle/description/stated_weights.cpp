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
  const ordered_json root = parse_model_json(read_model_json(directory), directory);
  const ordered_json sum = root.at(network).value(kSum, ordered_json());
  return sum.is_string() ? sum.get<std::string>() : std::string();
}

void StatedWeights::withdraw() const {
  edit_model_json(directory, [this](ordered_json& root) {
    root[network].erase(kSum);
    root[network].erase(kTrainedOn);
  });
}

void StatedWeights::state(const std::string& sum, const std::string& before) const {
  edit_model_json(directory, [&](ordered_json& root) {
    root[network][kSum] = sum;
    if (!autoencoder.empty()) root[network][kTrainedOn] = autoencoder;
    if (!same_latents || before.empty()) return;
    ordered_json& denoiser = root["denoiser"];
    if (denoiser.value(kTrainedOn, ordered_json()) == before) denoiser[kTrainedOn] = sum;
  });
}

}  // namespace histoloom
