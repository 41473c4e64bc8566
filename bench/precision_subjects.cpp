#include "precision_subjects.h"

#include "histoloom/core/error.h"
#include "networks/test_model.h"
#include "published_names.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kWeightsSeed = 11;
constexpr int kPatch = 32;

// Stable Diffusion's autoencoder, and latent diffusion's VQ-f8.
constexpr const char* kFullAutoencoderKL = R"({
  "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 4,
  "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                       "DownEncoderBlock2D"],
  "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                     "UpDecoderBlock2D"]})";
constexpr const char* kFullVQModel = R"({
  "block_out_channels": [128, 256, 256, 512], "layers_per_block": 2, "latent_channels": 4,
  "num_vq_embeddings": 16384,
  "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                       "AttnDownEncoderBlock2D"],
  "up_block_types": ["AttnUpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                     "UpDecoderBlock2D"]})";
constexpr const char* kFullUNet = R"({"cross_attention_dim": 768, "labels": 6})";

const ScheduleSpec kStableDiffusionSchedule{"scaled_linear", 1000, {{0.00085, 0.012}}};
const ScheduleSpec kDiffInfiniteSchedule{"cosine", 1000, {}};

// What the table of contexts is to hold: unit deviation, about as a text encoder's are.
void fill_contexts(const NamedTensors& parameters) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters)
    if (name == "context") at::Tensor(parameter).normal_();
}

void load_kit_weights(NamedTensors parameters, const fs::path& path) {
  std::erase_if(parameters, [](const auto& pair) { return pair.first == "context"; });
  const auto file = open_weights(path);
  load_parameters(parameters, *file, published_names(parameters, file->names()));
}

// Gives a network the weights of `path`, or random ones where that is empty.
template <class Network>
std::unique_ptr<Network> with_weights(std::unique_ptr<Network> network, const fs::path& path,
                                      DType dtype) {
  const NamedTensors parameters = network->parameters();
  if (path.empty())
    randomise(parameters, kWeightsSeed);
  else
    load_kit_weights(parameters, path);
  at::manual_seed(kWeightsSeed + 1);
  fill_contexts(parameters);
  network->prepare_inference(dtype);
  return network;
}

MeasuredAutoencoder autoencoder(const std::string& architecture, const std::string& config,
                                const fs::path& weights) {
  return {architecture, [=](DType dtype) {
            return with_weights(make_autoencoder(architecture, config, architecture), weights,
                                dtype);
          }};
}

MeasuredDenoiser denoiser(const std::string& architecture, const ScheduleSpec& schedule,
                          const std::string& config, const fs::path& weights) {
  return {architecture, schedule, [=](DType dtype) {
            return with_weights(make_denoiser(architecture, config, architecture), weights, dtype);
          }};
}

fs::path kit_weights(const std::string& architecture) {
  return kit() / (architecture + ".safetensors");
}

MeasuredAutoencoder kit_autoencoder(const std::string& architecture) {
  return autoencoder(architecture, read_text(kit() / (architecture + ".json")),
                     kit_weights(architecture));
}

MeasuredDenoiser kit_diffinfinite(const std::string& architecture) {
  const fs::path weights = kit_weights(architecture);
  return denoiser(architecture, kDiffInfiniteSchedule,
                  SafetensorsFile(weights).metadata().at("config"), weights);
}

MeasuredDenoiser kit_unet() {
  auto config = nlohmann::json::parse(read_text(kit() / "unet_2d_condition.json"));
  config["labels"] = 6;
  return denoiser("unet_2d_condition", kStableDiffusionSchedule, config.dump(),
                  kit_weights("unet_2d_condition"));
}

}  // namespace

PrecisionSubject subject_of(const ModelBundle& bundle) {
  return {"of " + bundle.directory.string(),
          bundle.patch,
          bundle.latent.mean,
          bundle.latent.deviation,
          {bundle.autoencoder.architecture,
           [bundle](DType dtype) { return load_autoencoder(bundle, dtype); }},
          {{bundle.denoiser.architecture, bundle.schedule,
            [bundle](DType dtype) { return load_denoiser(bundle, dtype); }}}};
}

std::vector<PrecisionSubject> kit_subjects() {
  const std::string weights = "random, at the parity kit's size";
  return {{weights, kPatch, {}, {}, kit_autoencoder("autoencoder_kl"), {kit_unet()}},
          {weights,
           kPatch,
           {},
           {},
           kit_autoencoder("vq_model"),
           {kit_diffinfinite("diffinfinite_unet"), kit_diffinfinite("diffinfinite_mask_unet")}}};
}

std::vector<PrecisionSubject> full_size_subjects() {
  const std::string weights = "random, at the published size";
  return {{weights,
           kPatch,
           {},
           {},
           autoencoder("autoencoder_kl", kFullAutoencoderKL, {}),
           {denoiser("unet_2d_condition", kStableDiffusionSchedule, kFullUNet, {})}},
          {weights,
           kPatch,
           {},
           {},
           autoencoder("vq_model", kFullVQModel, {}),
           {denoiser("diffinfinite_unet", kDiffInfiniteSchedule, "{}", {}),
            denoiser("diffinfinite_mask_unet", kDiffInfiniteSchedule, "{}", {})}}};
}

}  // namespace histoloom
