#include "network_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

fs::path weights_in(const fs::path& directory) {
  for (const char* stem : {"diffusion_pytorch_model", "model", "weights"}) {
    for (const char* extension : {".safetensors", ".safetensors.index.json", ".bin", ".pt"}) {
      const fs::path file = directory / (std::string(stem) + extension);
      if (file_exists(file)) return file;
    }
  }
  throw UserError(
      fmt::format("{}: holds no weights; diffusion_pytorch_model.safetensors "
                  "was looked for",
                  directory.string()));
}

fs::path config_of(const fs::path& weights) {
  // "unet.json" beside "unet.safetensors" and "unet.safetensors.index.json".
  fs::path twin = weights;
  if (ending_of(twin) == ".json") twin = twin.replace_extension().replace_extension();
  twin.replace_extension(".json");
  if (twin != weights && file_exists(twin)) return twin;
  const fs::path config = weights.parent_path() / "config.json";
  return file_exists(config) ? config : fs::path();
}

// Tensors of a training that are no part of the network it trains.
bool belongs_to_training(const std::string& name) {
  return name.starts_with("loss.") || name.starts_with("model_ema.") ||
         name.ends_with(".num_batches_tracked");
}

// A view of a file without some of its tensors.
class Filtered final : public WeightsFile {
 public:
  explicit Filtered(std::unique_ptr<WeightsFile> file) : file_(std::move(file)) {}

  const fs::path& path() const override { return file_->path(); }
  std::vector<std::string> names() const override {
    std::vector<std::string> out = file_->names();
    std::erase_if(out, belongs_to_training);
    return out;
  }
  bool contains(const std::string& name) const override { return file_->contains(name); }
  std::vector<std::int64_t> shape(const std::string& name) const override {
    return file_->shape(name);
  }
  const std::map<std::string, std::string>& metadata() const override { return file_->metadata(); }
  TensorBytes bytes(const std::string& name) const override { return file_->bytes(name); }

 private:
  std::unique_ptr<WeightsFile> file_;
};

// The prefix under which a file holds `landmark`. Averaged weights are the ones
// that were meant to be used, so they come before others.
std::optional<std::string> prefix_of(const WeightsFile& file, const std::string& landmark) {
  std::vector<std::string> prefixes;
  for (const std::string& name : file.names())
    if (name == landmark || name.ends_with("." + landmark))
      prefixes.push_back(name.substr(0, name.size() - landmark.size()));
  if (prefixes.empty()) return std::nullopt;
  const auto averaged = [](const std::string& p) { return p.find("ema_model.") != p.npos; };
  const auto found = std::find_if(prefixes.begin(), prefixes.end(), averaged);
  return found != prefixes.end()
             ? *found
             : *std::min_element(prefixes.begin(), prefixes.end(),
                                 [](const auto& a, const auto& b) { return a.size() < b.size(); });
}

}  // namespace

NetworkFiles NetworkFiles::find(const fs::path& path) {
  if (!file_exists(path)) throw UserError(fmt::format("{}: does not exist", path.string()));
  NetworkFiles out;
  out.weights = fs::is_directory(path) ? weights_in(path) : path;
  const fs::path config = config_of(out.weights);
  out.where = (config.empty() ? out.weights : config).string();
  if (config.empty()) return out;
  out.config_json = read_file(config);
  if (out.config_json.empty()) throw UserError(fmt::format("{}: is empty", config.string()));
  return out;
}

std::unique_ptr<WeightsFile> NetworkFiles::open(const std::vector<std::string>& landmarks) const {
  std::shared_ptr<const WeightsFile> file = open_weights(weights);
  for (const std::string& landmark : landmarks)
    if (const auto prefix = prefix_of(*file, landmark))
      return std::make_unique<Filtered>(section(file, *prefix));
  throw UserError(
      fmt::format("{}: holds no tensor '{}', which the network needs; is it another "
                  "kind of network?",
                  weights.string(), landmarks.front()));
}

}  // namespace histoloom
