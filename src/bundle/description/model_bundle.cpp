#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "checked_weights.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/weights_sum.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "model_json.h"

namespace histoloom {

namespace {

using nlohmann::ordered_json;

constexpr int kSchema = 1;

// Reads the members of one object of model.json; errors name the file and the member.
class ModelReader {
 public:
  ModelReader(const ordered_json& object, std::string file, std::string prefix)
      : object_(object), file_(std::move(file)), prefix_(std::move(prefix)) {
    if (!object_.is_object()) fail("must be a JSON object");
  }

  const ordered_json& member(const char* key) const {
    if (!object_.contains(key))
      throw UserError(fmt::format("{}: '{}{}' is missing", file_, prefix_, key));
    return object_[key];
  }
  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  ModelReader child(const char* key) const {
    return ModelReader(member(key), file_, prefix_ + key + ".");
  }

  std::string text(const char* key) const {
    if (!member(key).is_string() || member(key).get<std::string>().empty())
      bad(key, "a text that is not empty");
    return member(key);
  }
  std::string one_of(const char* key, const std::vector<std::string>& choices) const {
    const std::string value = text(key);
    for (const std::string& choice : choices)
      if (value == choice) return value;
    bad(key, "one of " + fmt::format("{}", fmt::join(choices, ", ")));
  }
  // A value of an enumeration by its name.
  template <class Enum>
  Enum value(const char* key) const {
    const std::string name = text(key);
    if (const auto found = parse_enum<Enum>(name)) return *found;
    std::vector<std::string_view> names;
    for (const auto& [ignored, known] : EnumNames<Enum>::table) names.push_back(known);
    bad(key, fmt::format("one of {}", fmt::join(names, ", ")));
  }
  int whole(const char* key, int low, int high) const {
    const ordered_json& item = member(key);
    if (!item.is_number_integer() || item < low || item > high)
      bad(key, fmt::format("a whole number from {} to {}", low, high));
    return item;
  }
  double real(const char* key, double low, double high) const {
    return real_of(member(key), key, low, high);
  }
  std::vector<double> reals(const char* key, std::size_t count, double low, double high) const {
    const ordered_json& list = member(key);
    if (!list.is_array() || list.size() != count) bad(key, fmt::format("{} numbers", count));
    std::vector<double> out;
    for (const ordered_json& item : list) out.push_back(real_of(item, key, low, high));
    return out;
  }

  // A SHA-256, empty where there is none.
  std::string sum(const char* key) const {
    if (!has(key)) return "";
    const ordered_json& item = member(key);
    if (!item.is_string() || !is_sha256(item.get<std::string>()))
      bad(key, "a SHA-256, 64 digits of 0 to 9 and a to f");
    return item;
  }

  [[noreturn]] void bad(const char* key, const std::string& wanted) const {
    throw UserError(fmt::format("{}: '{}{}' must be {}, got {}", file_, prefix_, key, wanted,
                                object_[key].dump().substr(0, 80)));
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    const std::string name = prefix_.substr(0, std::max<std::size_t>(prefix_.size(), 1) - 1);
    throw UserError(fmt::format("{}: {}{}", file_, name.empty() ? "" : "'" + name + "' ", what));
  }
  double real_of(const ordered_json& item, const char* key, double low, double high) const {
    if (!item.is_number() || !std::isfinite(item.get<double>()) || item < low || item > high)
      bad(key, fmt::format("a number from {} to {}", low, high));
    return item;
  }

  const ordered_json& object_;
  std::string file_, prefix_;
};

void read_latents(const ModelReader& root, ModelBundle& bundle) {
  const ModelReader latent = root.child("latent");
  bundle.latent.channels = latent.whole("channels", 1, kMaxChannels);
  bundle.latent.downsampling = latent.whole("downsampling", 1, 64);
  const auto n = static_cast<std::size_t>(bundle.latent.channels);
  for (const double v : latent.reals("mean", n, -1e6, 1e6))
    bundle.latent.mean.push_back(static_cast<float>(v));
  for (const double v : latent.reals("deviation", n, 1e-6, 1e6))
    bundle.latent.deviation.push_back(static_cast<float>(v));
  if (latent.has("pixel_range")) {
    const auto range = latent.reals("pixel_range", 2, -1e6, 1e6);
    if (range[0] >= range[1]) latent.bad("pixel_range", "two numbers in ascending order");
    bundle.pixel_range = {range[0], range[1]};
  }
}

ScheduleSpec read_schedule(const ModelReader& schedule) {
  ScheduleSpec out;
  out.type = schedule.one_of("type", {"cosine", "linear", "scaled_linear"});
  out.steps = schedule.whole("steps", 2, 100000);
  if (out.type == "scaled_linear" || (out.type == "linear" && schedule.has("betas"))) {
    const auto betas = schedule.reals("betas", 2, 1e-8, 0.999);
    if (betas[0] > betas[1]) schedule.bad("betas", "two numbers in ascending order");
    out.betas = {betas[0], betas[1]};
  }
  return out;
}

Prediction read_prediction(const ModelReader& of) { return of.value<Prediction>("prediction"); }

SamplingDefaults read_sampling(const ModelReader& defaults, int schedule_steps) {
  SamplingDefaults d;
  d.solver = defaults.value<SolverKind>("sampler");
  if (defaults.has("spacing")) d.spacing = defaults.value<Spacing>("spacing");
  d.plan = defaults.value<PlanKind>("plan");
  d.steps = defaults.whole("steps", 1, schedule_steps);
  d.eta = defaults.real("eta", 0, 1);
  d.guidance = defaults.real("guidance", 0, 100);
  const auto interval = defaults.reals("guidance_interval", 2, 0, 1);
  if (interval[0] > interval[1])
    defaults.bad("guidance_interval", "two numbers in ascending order");
  d.interval = {interval[0], interval[1]};
  return d;
}

void read_diffusion(const ModelReader& root, ModelBundle& bundle) {
  bundle.patch = root.whole("patch", 4, 4096);
  bundle.batch = root.whole("batch", 1, 1024);
  const ModelReader decode = root.child("decode");
  bundle.decode_window = decode.whole("window", 2, 4096);
  bundle.decode_overlap = decode.whole("overlap", 0, bundle.decode_window / 2);
  bundle.schedule = read_schedule(root.child("schedule"));
  bundle.prediction = read_prediction(root);
  if (root.has("clip")) bundle.clip = root.real("clip", 1e-3, 1e6);
  bundle.defaults = read_sampling(root.child("defaults"), bundle.schedule.steps);
}

MaskSpec read_mask(const ModelReader& mask, const ModelBundle& bundle) {
  MaskSpec out;
  out.cell = mask.whole("cell", 1, 4096);
  if (out.cell % bundle.latent.downsampling != 0)
    mask.bad("cell",
             fmt::format("a multiple of latent.downsampling ({})", bundle.latent.downsampling));
  out.patch = mask.whole("patch", 4, 4096);
  out.batch = mask.whole("batch", 1, 1024);
  out.scale = mask.real("scale", 1e-3, 1e3);
  out.prediction = read_prediction(mask);
  out.sampling = read_sampling(mask.child("defaults"), bundle.schedule.steps);
  return out;
}

NetworkSpec read_network(const ModelReader& root, const char* key,
                         const std::filesystem::path& directory) {
  const ModelReader network = root.child(key);
  const std::filesystem::path weights = network.text("weights");
  if (weights.has_parent_path() || weights.filename() == "..")
    network.bad("weights", "a file name without a directory");
  return {network.text("architecture"), network.member("config").dump(), directory / weights,
          network.sum("sha256")};
}

// The canvas of painted labels has a channel for each class of tissue.
void check_mask_classes(const ModelBundle& bundle) {
  const std::size_t classes = bundle.labels.tissue().size();
  if (classes > static_cast<std::size_t>(kMaxChannels))
    throw UserError(fmt::format(
        "{}: 'mask' paints {} labels of tissue, at most {} can be painted; leave 'mask' and "
        "'mask_denoiser' out",
        (bundle.directory / "model.json").string(), classes, kMaxChannels));
}

}  // namespace

ModelBundle ModelBundle::read(const std::filesystem::path& directory) {
  return parse(read_model_json(directory), directory);
}

ModelBundle ModelBundle::parse(const std::string& model_json,
                               const std::filesystem::path& directory) {
  const ordered_json members = parse_model_json(model_json, directory);
  const ModelReader root(members, (directory / "model.json").string(), "");
  if (root.whole("schema", 0, 1 << 30) != kSchema)
    root.bad("schema", fmt::format("{}, the version that this program reads", kSchema));
  ModelBundle bundle;
  bundle.directory = directory;
  bundle.checked = std::make_shared<CheckedWeights>();
  bundle.name = root.text("name");
  bundle.version = root.text("version");
  bundle.licence = root.text("licence");
  bundle.provenance = root.text("provenance");
  bundle.mpp = root.real("mpp", 0.01, 1000);
  bundle.magnification = root.real("magnification", 0.1, 1000);
  bundle.labels =
      LabelSet::parse(root.member("label_set").dump(), (directory / "model.json").string());
  const ordered_json& prompts = root.member("prompts");
  if (!prompts.is_array()) root.bad("prompts", "a list of names");
  for (const ordered_json& prompt : prompts) {
    if (!prompt.is_string()) root.bad("prompts", "a list of names");
    bundle.prompts.push_back(prompt);
  }
  read_latents(root, bundle);
  read_diffusion(root, bundle);
  bundle.autoencoder = read_network(root, "autoencoder", directory);
  bundle.denoiser = read_network(root, "denoiser", directory);
  bundle.trained_on = root.child("denoiser").sum("autoencoder_sha256");
  if (root.has("mask_denoiser"))
    bundle.mask_denoiser = read_network(root, "mask_denoiser", directory);
  if (root.has("mask")) {
    bundle.mask = read_mask(root.child("mask"), bundle);
    check_mask_classes(bundle);
  }
  return bundle;
}

std::vector<std::pair<std::string, NetworkSpec>> ModelBundle::networks() const {
  std::vector<std::pair<std::string, NetworkSpec>> out{{"autoencoder", autoencoder},
                                                       {"denoiser", denoiser}};
  if (mask_denoiser) out.emplace_back("mask_denoiser", *mask_denoiser);
  return out;
}

// Names and lengths are hashed, too: bytes that move from one file to another make another model.
// Weights whose sum model.json states are read and compared with it where they are loaded.
std::string ModelBundle::sha256() const {
  std::vector<std::filesystem::path> files{directory / "model.json"};
  for (const auto& [key, network] : networks())
    if (network.sha256.empty()) files.push_back(network.weights);
  Sha256 sum;
  for (const auto& file : files) sum.add_part(file.filename().string()).add_part(read_file(file));
  return sum.hex();
}

void write_latent_statistics(const std::filesystem::path& directory, const std::vector<float>& mean,
                             const std::vector<float>& deviation) {
  edit_model_json(directory, [&](ordered_json& members) {
    members["latent"]["mean"] = mean;
    members["latent"]["deviation"] = deviation;
  });
}

}  // namespace histoloom
