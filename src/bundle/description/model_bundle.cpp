#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "checked_weights.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/weights_sum.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "model_json.h"
#include "model_reader.h"
#include "section_reader.h"

namespace histoloom {

namespace {

using nlohmann::ordered_json;

constexpr int kSchema = 1;

void read_latents(const ModelReader& root, ModelBundle& bundle) {
  const ModelReader latent = root.child("latent");
  bundle.latent.channels = latent.whole("channels", 1, kMaxChannels);
  bundle.latent.downsampling = latent.whole("downsampling", 1, 64);
  const auto n = static_cast<std::size_t>(bundle.latent.channels);
  for (const double v : latent.reals("mean", n, -1e6, 1e6))
    bundle.latent.mean.push_back(static_cast<float>(v));
  for (const double v : latent.reals("deviation", n, 1e-6, 1e6))
    bundle.latent.deviation.push_back(static_cast<float>(v));
  if (latent.has("colours"))
    for (const double v : latent.reals("colours", 3 * (2 * n + 1), -1e6, 1e6))
      bundle.latent.colours.push_back(static_cast<float>(v));
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
  if (defaults.has("context_guidance"))
    d.context_guidance = defaults.real("context_guidance", 0, 100);
  if (defaults.has("consistency")) d.consistency = defaults.real("consistency", 0, 1);
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

CoarserMaskSpec read_coarser_mask(const ModelReader& coarser, const MaskSpec& mask,
                                  const ModelBundle& bundle) {
  CoarserMaskSpec out;
  out.cell = coarser.whole("cell", 1, 1 << 16);
  if (out.cell % mask.cell != 0 || out.cell == mask.cell)
    coarser.bad("cell", fmt::format("a multiple of mask.cell ({}), not that itself", mask.cell));
  out.steps = coarser.whole("steps", 1, bundle.schedule.steps);
  out.begin = coarser.real("begin", 1e-3, 1);
  const double least = static_cast<double>(mask.sampling.steps) / bundle.schedule.steps;
  if (out.begin < least || out.begin == 1)
    coarser.bad(
        "begin",
        fmt::format("from {:.3g} (mask.defaults.steps of schedule.steps) to below 1", least));
  return out;
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
  if (mask.has("coarser")) out.coarser = read_coarser_mask(mask.child("coarser"), out, bundle);
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

// What is said of the whole cascade.
void read_facts(const ModelReader& root, ModelBundle& bundle) {
  bundle.name = root.text("name");
  bundle.version = root.text("version");
  bundle.licence = root.text("licence");
  bundle.provenance = root.text("provenance");
  bundle.labels =
      LabelSet::parse(root.member("label_set").dump(), (bundle.directory / "model.json").string());
  const ordered_json& prompts = root.member("prompts");
  if (!prompts.is_array()) root.bad("prompts", "a list of names");
  for (const ordered_json& prompt : prompts) {
    if (!prompt.is_string()) root.bad("prompts", "a list of names");
    bundle.prompts.push_back(prompt);
  }
}

// What is said of one stage.
void read_stage(const ModelReader& root, ModelBundle& bundle) {
  bundle.mpp = root.real("mpp", 0.01, 1000);
  bundle.magnification = root.real("magnification", 0.1, 1000);
  read_latents(root, bundle);
  read_diffusion(root, bundle);
  if (bundle.defaults.consistency > 0 && bundle.latent.colours.empty())
    throw UserError(fmt::format("{}: 'defaults.consistency' needs 'latent.colours'",
                                (bundle.directory / "model.json").string()));
  bundle.autoencoder = read_network(root, "autoencoder", bundle.directory);
  bundle.denoiser = read_network(root, "denoiser", bundle.directory);
  bundle.trained_on = root.child("denoiser").sum("autoencoder_sha256");
}

ContextSpec read_context(const ModelReader& context) {
  ContextSpec out;
  const ordered_json& views = context.member("views");
  if (!views.is_array() || views.empty() || views.size() > 4)
    context.bad("views", "a list of 1 to 4 views");
  for (const ordered_json& view : views) {
    const ModelReader reader = context.item("views", view, out.views.size());
    out.views.push_back({reader.whole("extent", 1, 16), reader.whole("detail", 1, 8)});
  }
  if (context_channels(out) > kMaxContextChannels)
    context.bad("views", fmt::format("views of at most {} planes", kMaxContextChannels));
  out.noise = context.real("noise", 0, 1);
  out.most_noise = context.real("most_noise", 0, 1);
  return out;
}

constexpr const char* kFinest = "fine";
constexpr std::size_t kMostStages = 6;

// A name that can be that of a directory, and of an option's value.
std::string read_stage_name(const ModelReader& stage, const char* key) {
  const std::string name = stage.text(key);
  if (name.size() > 32 ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
    stage.bad(key, "a name of at most 32 letters a to z, digits, '-' and '_'");
  return name;
}

// A coarser stage: what its entry says, and the bundle's own where it says nothing.
ModelBundle read_coarser(const ModelReader& root, const ordered_json& members,
                         const ordered_json& entry, const ModelBundle& finest) {
  const std::size_t index = finest.stages.size();
  const ModelReader own = root.item("stages", entry, index);
  ModelBundle out = finest;
  out.context.reset();
  out.latent.mean.clear();
  out.latent.deviation.clear();
  out.latent.colours.clear();
  out.mask.reset();
  out.mask_denoiser.reset();
  out.is_coarser = true;
  out.stage = read_stage_name(own, "name");
  for (const char* key : {"mpp", "magnification", "denoiser"}) static_cast<void>(own.member(key));
  ordered_json merged = members;
  merged.update(entry);
  read_stage(root.item("stages", merged, index), out);
  if (index > 0) out.context = read_context(own.child("context"));
  return out;
}

void read_cascade(const ModelReader& root, const ordered_json& members, ModelBundle& bundle) {
  const ordered_json& stages = root.member("stages");
  if (!stages.is_array() || stages.empty() || stages.size() > kMostStages)
    root.bad("stages", fmt::format("a list of 1 to {} stages", kMostStages));
  bundle.stage = root.has("stage") ? read_stage_name(root, "stage") : kFinest;
  bundle.context = read_context(root.child("context"));
  for (const ordered_json& entry : stages) {
    ModelBundle stage = read_coarser(root, members, entry, bundle);
    for (const ModelBundle& other : bundle.stages)
      if (other.stage == stage.stage) root.bad("stages", "stages of different names");
    if (stage.stage == bundle.stage) root.bad("stages", "stages of different names");
    const double finer_than =
        bundle.stages.empty() ? std::numeric_limits<double>::infinity() : bundle.stages.back().mpp;
    if (!(stage.mpp > bundle.mpp && stage.mpp < finer_than))
      root.bad("stages", "stages from the coarsest 'mpp' to the finest, all above the bundle's");
    bundle.stages.push_back(std::move(stage));
  }
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
  read_facts(root, bundle);
  read_stage(root, bundle);
  if (root.has("stages")) read_cascade(root, members, bundle);
  if (root.has("mask_denoiser"))
    bundle.mask_denoiser = read_network(root, "mask_denoiser", directory);
  if (root.has("mask")) {
    bundle.mask = read_mask(root.child("mask"), bundle);
    check_mask_classes(bundle);
  }
  if (root.has("section"))
    bundle.section = read_section(root.child("section"), bundle.labels, bundle.prompts);
  return bundle;
}

std::vector<std::pair<std::string, NetworkSpec>> ModelBundle::networks() const {
  std::vector<std::pair<std::string, NetworkSpec>> out{{"autoencoder", autoencoder},
                                                       {"denoiser", denoiser}};
  if (mask_denoiser) out.emplace_back("mask_denoiser", *mask_denoiser);
  for (const ModelBundle& coarser : stages) {
    if (coarser.autoencoder != autoencoder)
      out.emplace_back(coarser.key_of("autoencoder"), coarser.autoencoder);
    out.emplace_back(coarser.key_of("denoiser"), coarser.denoiser);
  }
  return out;
}

std::string ModelBundle::key_of(const std::string& network) const {
  return is_coarser ? fmt::format("stages.{}.{}", stage, network) : network;
}

const ModelBundle& ModelBundle::stage_named(const std::string& wanted) const {
  if (!stage.empty() && wanted == stage) return *this;
  std::vector<std::string> names;
  for (const ModelBundle& coarser : stages) {
    if (coarser.stage == wanted) return coarser;
    names.push_back(coarser.stage);
  }
  if (stages.empty())
    throw UserError(fmt::format("--stage {}: model '{}' has no stages", wanted, name));
  names.push_back(stage);
  throw UserError(fmt::format("--stage {}: model '{}' has the stages {}", wanted, name,
                              fmt::join(names, ", ")));
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

void write_latent_statistics(const std::filesystem::path& directory, const std::string& stage,
                             const LatentStatistics& statistics) {
  edit_model_json(directory, [&](ordered_json& members) {
    ordered_json& entry = stage_entry(members, stage);
    if (!entry.contains("latent")) entry["latent"] = members["latent"];
    entry["latent"]["mean"] = statistics.mean;
    entry["latent"]["deviation"] = statistics.deviation;
    entry["latent"].erase("colours");
    if (!statistics.colours.empty()) entry["latent"]["colours"] = statistics.colours;
  });
}

void write_latent_colours(const std::filesystem::path& directory, const std::string& stage,
                          const std::vector<float>& colours) {
  edit_model_json(directory, [&](ordered_json& members) {
    ordered_json& entry = stage_entry(members, stage);
    ordered_json& latent = entry.contains("latent") ? entry["latent"] : members["latent"];
    latent["colours"] = colours;
  });
}

}  // namespace histoloom
