// The model bundle: a directory with model.json and safetensors files. Everything about a model
// stands in model.json, so that nothing about a model is wired into code (docs/formats.md).
//
// A cascade paints a slide in stages, each under the picture of the coarser one before. Such a
// bundle describes the finest stage as a bundle without stages does, and lists the coarser ones in
// `stages`. Each of those is a bundle by itself, with the same directory, labels and prompts, and
// the stages that are coarser still.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/context_spec.h"
#include "histoloom/networks/denoiser.h"
#include "histoloom/networks/diffusion_model.h"
#include "histoloom/networks/latent_space.h"
#include "histoloom/vocabulary/label_set.h"
#include "histoloom/vocabulary/section.h"

namespace histoloom {

class CheckedWeights;

struct NetworkSpec {
  std::string architecture;
  std::string config_json;
  std::filesystem::path weights;  // file inside the bundle's directory
  std::string sha256;             // sum of that file, by model.json; empty: not stated

  bool operator==(const NetworkSpec&) const = default;
};

struct SamplingDefaults {
  SolverKind solver = SolverKind::ddim;
  Spacing spacing = Spacing::time;  // how the steps lie in the schedule
  PlanKind plan = PlanKind::shifted;
  int steps = 30;
  double eta = 0;
  double guidance = 1;                   // omega: (1 + omega)·conditional − omega·unconditional
  double context_guidance = 0;           // omega of what is seen of a coarser stage
  double consistency = 0;                // pull to the colours of a coarser stage, 0 to 1
  std::array<double, 2> interval{0, 1};  // range of time / T with guidance: 0 clean, 1 noise
};

// A coarser scale at which the same mask denoiser paints first, told by conditions of its own. Regions
// there are larger than a patch of the finer scale, which is painted from them.
struct CoarserMaskSpec {
  int cell = 0;   // pixels a cell, a multiple of MaskSpec::cell
  int steps = 0;  // steps of MaskSpec's solver, without guidance
  // Share of the schedule at which the finer scale starts, from these regions under noise; below 1.
  double begin = 1;
};

// How the mask denoiser sees masks: one channel for each label of tissue, `scale`·(one-hot − 1/K).
// The network is conditioned on a prompt, not on labels of tissue (docs/formats.md).
struct MaskSpec {
  int cell = 0;   // pixels a cell, a multiple of the latents' downsampling
  int patch = 0;  // cells a side
  int batch = 0;  // patches a call, always
  // Factor of the channels. If it is small, noise hides small regions first and large ones late.
  double scale = 1;
  Prediction prediction = Prediction::x0;
  SamplingDefaults sampling;
  std::optional<CoarserMaskSpec> coarser;  // scale that is painted first; missing: one scale
};

struct ModelBundle {
  std::filesystem::path directory;
  std::string name, version, licence, provenance;
  std::string stage;                // name in a cascade; empty: there are no stages
  bool is_coarser = false;          // whether it is one of another bundle's `stages`
  std::vector<ModelBundle> stages;  // the coarser ones, from the coarsest on
  double mpp = 0;                   // microns a pixel
  double magnification = 0;         // objective power
  LabelSet labels;
  std::vector<std::string> prompts;

  LatentSpaceSpec latent;
  std::array<double, 2> pixel_range{0, 1};  // values of black and white for the autoencoder

  int patch = 0;           // latent cells a side
  int batch = 0;           // patches a call of the denoiser, always
  int decode_window = 0;   // latent cells a side of a decoded window
  int decode_overlap = 0;  // cells that neighbouring windows share
  ScheduleSpec schedule;
  Prediction prediction = Prediction::v;
  std::optional<double> clip;          // bound on |x0| in normalised latents; missing: no bound
  std::optional<ContextSpec> context;  // what the denoiser sees of the next coarser stage
  SamplingDefaults defaults;
  NetworkSpec autoencoder, denoiser;
  // SHA-256 of the autoencoder's weights on whose latents the denoiser was trained; empty: not
  // stated.
  std::string trained_on;
  std::optional<NetworkSpec> mask_denoiser;
  std::optional<MaskSpec> mask;        // form of the masks; only if mask_denoiser paints tissue
  std::optional<SectionSpec> section;  // what sections hold; missing: labels have one scale

  // Reads and checks DIR/model.json without touching the networks' weights. UserError names the
  // file, the key and what is wrong.
  static ModelBundle read(const std::filesystem::path& directory);
  // Parses and checks the text of a model.json that lies, or is to lie, in `directory`. UserError
  // as read().
  static ModelBundle parse(const std::string& model_json, const std::filesystem::path& directory);

  // Weights whose sums were found as stated since read(), so that a network that is loaded again is
  // not summed again. Copies share it.
  std::shared_ptr<CheckedWeights> checked;

  // What random-patch diffusion of the image needs to know.
  DiffusionModel image() const;

  // The networks by their keys in model.json, in its order; those of coarser stages come last, as
  // "stages.coarse.denoiser".
  std::vector<std::pair<std::string, NetworkSpec>> networks() const;
  // The stage of that name, or the bundle itself. UserError lists the stages.
  const ModelBundle& stage_named(const std::string& name) const;
  // "stages.coarse.denoiser" for "denoiser" of a coarser stage, else the key as it is.
  std::string key_of(const std::string& network) const;

  // SHA-256 over names, lengths and bytes of model.json and of the weights files whose own sums
  // model.json doesn't state, as 64 hexadecimal digits.
  std::string sha256() const;
};

// Checks that the denoiser fits the bundle: latent channels and patches are the bundle's, and it
// knows all ids of the label set.
// \error UserError names what model.json says.
void check_denoiser(const ModelBundle& bundle, const Denoiser& denoiser);

// Builds the network and loads its weights for inference. UserError as require_stated_weights() and
// load_parameters().
std::unique_ptr<Denoiser> load_denoiser(const ModelBundle& bundle, DType dtype);
std::unique_ptr<Autoencoder> load_autoencoder(const ModelBundle& bundle, DType dtype);

// The denoiser without its weights. UserError as check_denoiser().
std::unique_ptr<Denoiser> make_denoiser(const ModelBundle& bundle);

// The autoencoder without its weights: it takes and gives images in [0, 1], whatever pixel range
// the network has. UserError if the network doesn't fit the bundle's latents.
std::unique_ptr<Autoencoder> make_autoencoder(const ModelBundle& bundle);

// Stores the latents' statistics of a stage in DIR/model.json, leaving everything else as it stands.
// `stage`: its name; empty for the bundle itself.
struct LatentStatistics {
  std::vector<float> mean, deviation, colours;  // members of LatentSpaceSpec
};
void write_latent_statistics(const std::filesystem::path& directory, const std::string& stage,
                             const LatentStatistics& statistics);
// Stores the colours alone.
void write_latent_colours(const std::filesystem::path& directory, const std::string& stage,
                          const std::vector<float>& colours);

}  // namespace histoloom
