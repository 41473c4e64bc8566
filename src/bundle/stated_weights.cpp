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
  const ordered_json json = parse_model_json(read_model_json(directory), directory);
  const ordered_json sum = json.at(network).value(kSum, ordered_json());
  return sum.is_string() ? sum.get<std::string>() : std::string();
}

void StatedWeights::withdraw() const {
  edit_model_json(directory, [this](ordered_json& json) {
    json[network].erase(kSum);
    json[network].erase(kTrainedOn);
  });
}

void StatedWeights::state(const std::string& sum, const std::string& before) const {
  edit_model_json(directory, [&](ordered_json& json) {
    json[network][kSum] = sum;
    if (!autoencoder.empty()) json[network][kTrainedOn] = autoencoder;
    if (!same_latents || before.empty()) return;
    ordered_json& denoiser = json["denoiser"];
    if (denoiser.value(kTrainedOn, ordered_json()) == before) denoiser[kTrainedOn] = sum;
  });
}

}  // namespace histoloom
