// diffusers (0.14 and later): the U-Net and the autoencoder of Stable Diffusion
// or of a model with its architecture, a scheduler's configuration beside them,
// and a context for each label.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "histoloom/bundle/registry.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/networks/denoiser.h"
#include "import_parts.h"
#include "published_names.h"

namespace histoloom {

using nlohmann::ordered_json;

namespace {

constexpr const char* kNoneName = "none";

// The only tensor of a file, as [tokens, width]: floating, finite.
at::Tensor read_context(const std::string& name, const std::filesystem::path& path) {
  const auto file = open_weights(path);
  const std::vector<std::string> names = file->names();
  if (names.size() != 1)
    throw UserError(fmt::format("{}: holds {} tensors, the context of '{}' is to be a single one",
                                path.string(), names.size(), name));
  const at::Tensor stored = read_tensor(*file, names.front());
  at::Tensor context = stored.to(at::kFloat);
  if (!stored.is_floating_point() || !at::isfinite(context).all().item<bool>())
    throw UserError(fmt::format(
        "{}: the context of '{}' must hold numbers with a point, all finite", path.string(), name));
  if (context.dim() == 3 && context.size(0) == 1) context = context.squeeze(0);
  if (context.dim() != 2 || context.numel() == 0)
    throw UserError(
        fmt::format("{}: the context of '{}' has the shape [{}], wanted is [tokens, "
                    "width] or [1, tokens, width]",
                    path.string(), name, fmt::join(context.sizes(), ", ")));
  return context;
}

// Labels of the set but glass, which is never painted, as (id, name).
std::vector<std::pair<int, std::string>> painted_labels(const ordered_json& set) {
  std::vector<std::pair<int, std::string>> out;
  for (const ordered_json& label : set["labels"])
    if (label["id"] != set.value("glass", ordered_json()))
      out.emplace_back(label["id"], label["name"]);
  return out;
}

// The contexts by name, all of one shape.
std::map<std::string, at::Tensor> read_contexts(const DiffusersImport& files) {
  std::map<std::string, at::Tensor> out;
  for (const auto& [name, path] : files.contexts) {
    const at::Tensor context = read_context(name, path);
    const auto& [first_name, first] = *out.emplace(files.contexts.front().first, context).first;
    if (context.sizes() != first.sizes())
      throw UserError(fmt::format("the contexts of '{}' and '{}' differ in shape: [{}] and [{}]",
                                  first_name, name, fmt::join(first.sizes(), ", "),
                                  fmt::join(context.sizes(), ", ")));
    if (!out.emplace(name, context).second && !context.is_same(first))
      throw UserError(fmt::format("--context {}: is given twice", name));
  }
  return out;
}

// The contexts by label id: [labels, tokens, width].
at::Tensor context_table(const DiffusersImport& files, const ordered_json& label_set) {
  if (label_set["unknown"] != 0)
    throw UserError(fmt::format("the label set's unknown is {}, an imported U-Net needs 0",
                                label_set["unknown"].dump()));
  std::map<std::string, at::Tensor> contexts = read_contexts(files);
  const auto labels = painted_labels(label_set);
  std::vector<at::Tensor> table(
      static_cast<std::size_t>(std::max_element(labels.begin(), labels.end())->first + 1));
  for (const auto& [id, name] : labels) {
    const std::string key = id == 0 ? kNoneName : name;
    const auto found = contexts.find(key);
    if (found == contexts.end())
      throw UserError(
          fmt::format("label {} has no context; give --context {}=FILE.safetensors", id, key));
    table[static_cast<std::size_t>(id)] = found->second;
    contexts.erase(found);
  }
  if (!contexts.empty())
    throw UserError(fmt::format("--context {}: no label of the label set has this name",
                                contexts.begin()->first));
  for (at::Tensor& row : table)  // ids that no label has
    if (!row.defined()) row = table.front();
  return at::stack(table);
}

ordered_json label_set_for(const DiffusersImport& files, const ImportOptions& options) {
  if (!options.labels_json.empty()) return ordered_json::parse(options.labels_json);
  std::vector<std::string> names;
  for (const auto& [name, path] : files.contexts) {
    if (name == "unknown" || name == "glass")
      throw UserError(
          fmt::format("--context {}: every label set has this label already; give "
                      "another name{}",
                      name, name == "unknown" ? ", or 'none'" : ""));
    if (name != kNoneName) names.push_back(name);
  }
  if (names.empty()) throw UserError("--context: give at least one label besides 'none'");
  return label_set_of(names);
}

// A U-Net's file with the contexts as one tensor more.
class WithContext final : public WeightsFile {
 public:
  WithContext(std::unique_ptr<WeightsFile> file, at::Tensor context)
      : file_(std::move(file)), context_(std::move(context)) {}

  const std::filesystem::path& path() const override { return file_->path(); }
  std::vector<std::string> names() const override {
    std::vector<std::string> out = file_->names();
    out.insert(std::upper_bound(out.begin(), out.end(), kContext), kContext);
    return out;
  }
  bool contains(const std::string& name) const override {
    return name == kContext || file_->contains(name);
  }
  std::vector<std::int64_t> shape(const std::string& name) const override {
    return name == kContext ? context_.sizes().vec() : file_->shape(name);
  }
  const std::map<std::string, std::string>& metadata() const override { return file_->metadata(); }
  TensorBytes bytes(const std::string& name) const override {
    return name == kContext ? bytes_of(context_) : file_->bytes(name);
  }

 private:
  static constexpr const char* kContext = "context";

  std::unique_ptr<WeightsFile> file_;
  at::Tensor context_;
};

ImportedDenoiser import_unet(const std::filesystem::path& path, const at::Tensor& contexts) {
  const NetworkFiles files = NetworkFiles::find(path);
  ordered_json config = ordered_json::parse(files.config_json, nullptr, /*exceptions=*/false);
  if (!config.is_object())
    throw UserError(
        fmt::format("{}: has no configuration (config.json), which a U-Net needs", path.string()));
  config["labels"] = contexts.size(0);
  config["context_tokens"] = contexts.size(1);
  ImportedDenoiser out;
  out.entry = {{"architecture", "unet_2d_condition"},
               {"config", config},
               {"weights", "denoiser.safetensors"}};
  out.network = make_denoiser("unet_2d_condition", config.dump(), files.where);
  // Tensors that only a U-Net has: an autoencoder may stand in the same file.
  const WithContext file(files.open({"time_embedding.linear_1.weight", "time_embed.0.weight"}),
                         contexts);
  const auto names = published_names(out.network->parameters(), file.names());
  load_parameters(out.network->parameters(), file, names);
  out.weights = {out.entry["weights"], in_dtype_of(file, out.network->parameters(), names)};
  return out;
}

// The settings of a scheduler. What a file leaves out has diffusers' defaults; without a file they
// are Stable Diffusion's.
class Scheduler {
 public:
  explicit Scheduler(const std::filesystem::path& unet_weights)
      : file_(std::filesystem::weakly_canonical(unet_weights).parent_path().parent_path() /
              "scheduler" / "scheduler_config.json") {
    json_ = ordered_json::parse(
        R"({"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012})");
    if (!file_exists(file_)) return;
    json_ = ordered_json::parse(read_file(file_), nullptr, /*exceptions=*/false);
    if (!json_.is_object()) fail("is not a configuration in JSON");
    for (const char* key : {"rescale_betas_zero_snr", "thresholding"})
      if (json_.value(key, ordered_json(false)) != false)
        fail(fmt::format("'{}' is not supported, it must be false", key));
    if (!json_.value("trained_betas", ordered_json()).is_null())
      fail("'trained_betas' is not supported, it must be null");
  }

  void add_to(ordered_json& model) const {
    const std::string kind =
        word("beta_schedule", "linear", {"linear", "scaled_linear", "squaredcos_cap_v2"});
    const bool cosine = kind == "squaredcos_cap_v2";
    const double steps = number("num_train_timesteps", 1000, 2, 100000);
    model["schedule"] = {{"type", cosine ? "cosine" : kind}, {"steps", static_cast<int>(steps)}};
    if (!cosine)
      model["schedule"]["betas"] = {number("beta_start", 1e-4, 1e-8, 0.999),
                                    number("beta_end", 0.02, 1e-8, 0.999)};
    const std::string prediction =
        word("prediction_type", "epsilon", {"epsilon", "v_prediction", "sample"});
    model["prediction"] = prediction == "v_prediction" ? "v"
                          : prediction == "sample"     ? "x0"
                                                       : "epsilon";
    model["clip"] = nullptr;
    if (json_.value("clip_sample", ordered_json(false)) == true)
      model["clip"] = number("clip_sample_range", 1, 1e-3, 1e6);
    model["defaults"] = {
        {"sampler", "dpm++"}, {"plan", "shifted"}, {"steps", std::min(25, static_cast<int>(steps))},
        {"eta", 0},           {"guidance", 2},     {"guidance_interval", {0, 1}}};
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw UserError(fmt::format("{}: {}", file_.string(), what));
  }
  std::string word(const char* key, const char* usual,
                   const std::vector<std::string>& known) const {
    const ordered_json value = json_.value(key, ordered_json(usual));
    if (std::find(known.begin(), known.end(), value) == known.end())
      fail(
          fmt::format("'{}' must be one of {}, got {}", key, fmt::join(known, ", "), value.dump()));
    return value;
  }
  double number(const char* key, double usual, double low, double high) const {
    const ordered_json value = json_.value(key, ordered_json(usual));
    if (!value.is_number() || !(value >= low && value <= high))
      fail(
          fmt::format("'{}' must be a number from {} to {}, got {}", key, low, high, value.dump()));
    return value;
  }

  std::filesystem::path file_;
  ordered_json json_;
};

}  // namespace

ImportedBundle ImportedBundle::diffusers(const DiffusersImport& files,
                                         const ImportOptions& options) {
  const ImportOptions checked_options = checked(options);
  const ordered_json label_set = label_set_for(files, options);
  const at::Tensor contexts = context_table(files, label_set);
  ImportedAutoencoder autoencoder = import_autoencoder(files.vae);
  ImportedDenoiser denoiser = import_unet(files.unet, contexts);

  ordered_json model = model_json_of(checked_options, {files.unet, files.vae});
  const auto channels = static_cast<std::size_t>(autoencoder.channels);
  model["label_set"] = label_set;
  model["prompts"] = ordered_json::array();
  model["latent"] = {{"channels", channels},
                     {"downsampling", autoencoder.downsampling},
                     {"mean", std::vector<double>(channels, 0.0)},
                     {"deviation", std::vector<double>(channels, 1 / autoencoder.scaling_factor)},
                     {"pixel_range", {-1, 1}}};
  Scheduler(NetworkFiles::find(files.unet).weights).add_to(model);
  model["autoencoder"] = autoencoder.entry;
  model["denoiser"] = denoiser.entry;
  std::vector<ImportedWeights> weights;
  weights.push_back(std::move(autoencoder.weights));
  weights.push_back(std::move(denoiser.weights));
  return bundle_of(checked_options.out, model, *denoiser.network, std::move(weights));
}

}  // namespace histoloom
