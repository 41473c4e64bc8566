#include "histoloom/bundle/weights_sum.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "checked_weights.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "histoloom/weights/mapped_file.h"
#include "histoloom/weights/weights_file.h"
#include "model_json.h"

namespace histoloom {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

// Enough to tell two sums apart in a line.
std::string short_sum(const std::string& sum) { return sum.substr(0, 12); }

std::string changed_text(const ModelBundle& bundle, const NetworkSpec& network,
                         const std::string& sum) {
  return fmt::format(
      "{}: was changed or damaged: its SHA-256 is {}..., model.json states {}...; put the stated "
      "file back, or accept this one with 'histoloom model check --update {}'",
      network.weights.string(), short_sum(sum), short_sum(network.sha256),
      bundle.directory.string());
}

WeightsFinding finding_of(const ModelBundle& bundle, const NetworkSpec& network) {
  try {
    const std::string sum = weights_sha256(network.weights);
    const std::string file = network.weights.string();
    if (network.sha256.empty())
      return {fmt::format("{}: SHA-256 {}, which model.json doesn't state", file, sum)};
    if (sum != network.sha256) return {changed_text(bundle, network, sum), true};
    return {fmt::format("{}: SHA-256 {}, as model.json states", file, sum)};
  } catch (const UserError& error) {
    return {error.what(), true};
  }
}

// \error UserError for a file that is none of weights, or is cut. A program is not looked into.
void require_weights(const NetworkSpec& network) {
  if (network.architecture != "torchscript") static_cast<void>(open_weights(network.weights));
}

void state_sum(ordered_json& entry, const std::string& key, const std::string& sum) {
  const ordered_json before = entry.value("sha256", ordered_json());
  if (key.ends_with("denoiser") && before.is_string() && before != sum)
    entry.erase("autoencoder_sha256");
  entry["sha256"] = sum;
}

// As stale_text(), without the coarser stages.
std::string stale_text_of_stage(const ModelBundle& bundle) {
  const NetworkSpec &autoencoder = bundle.autoencoder, &denoiser = bundle.denoiser;
  if (bundle.trained_on.empty() || !file_exists(denoiser.weights) ||
      !file_exists(autoencoder.weights))
    return "";
  const std::string now =
      autoencoder.sha256.empty() ? weights_sha256(autoencoder.weights) : autoencoder.sha256;
  if (now == bundle.trained_on) return "";
  return fmt::format(
      "{}: the denoiser was trained on latents of another autoencoder; train it again",
      denoiser.weights.string());
}

}  // namespace

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string weights_sha256(const fs::path& weights) {
  const MappedFile file(weights);
  Sha256 sum;
  return sum.add(file.bytes().data(), file.bytes().size()).hex();
}

void require_stated_weights(const ModelBundle& bundle, const NetworkSpec& network) {
  if (network.sha256.empty()) return;
  // Looked at before it is read: a change in between is noticed the next time.
  const std::optional<FileState> state = FileState::of(network.weights);
  if (state && bundle.checked && bundle.checked->contains(network.weights, *state)) return;
  const std::string sum = weights_sha256(network.weights);
  if (sum != network.sha256) {
    require_weights(network);
    throw UserError(changed_text(bundle, network, sum));
  }
  if (state && bundle.checked) bundle.checked->add(network.weights, *state);
}

std::string stale_text(const ModelBundle& bundle) {
  std::string text = stale_text_of_stage(bundle);
  for (const ModelBundle& stage : bundle.stages)
    if (text.empty()) text = stale_text_of_stage(stage);
  return text;
}

std::vector<WeightsFinding> check_weights(const ModelBundle& bundle) {
  std::vector<WeightsFinding> out;
  for (const auto& [key, network] : bundle.networks()) out.push_back(finding_of(bundle, network));
  return out;
}

std::vector<WeightsFinding> state_weights(const fs::path& directory) {
  edit_model_json(directory, [&](ordered_json& root) {
    for (const auto& [key, network] : ModelBundle::parse(root.dump(), directory).networks()) {
      if (!file_exists(network.weights)) continue;
      require_weights(network);
      state_sum(network_entry(root, key), key, weights_sha256(network.weights));
    }
  });
  return check_weights(ModelBundle::read(directory));
}

}  // namespace histoloom
