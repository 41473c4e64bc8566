// Architectures by the name that model.json gives them.
#include "histoloom/bundle/registry.h"

#include <fmt/format.h>

#include "diffusers_config.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/context_spec.h"
#include "histoloom/networks/diffinfinite_unet_config.h"
#include "histoloom/networks/label_map_unet_config.h"
#include "histoloom/networks/pixel_shuffle_autoencoder_config.h"
#include "histoloom/networks/torchscript_config.h"
#include "network_config.h"

namespace histoloom {

namespace {

std::unique_ptr<Denoiser> label_map_unet(NetworkConfig& config) {
  LabelMapUNetConfig c;
  config.read("latent_channels", c.latent_channels, 1, 64);
  config.read("labels", c.labels, 2, 255);
  config.read("context_channels", c.context_channels, 0, kMaxContextChannels);
  config.read("widths", c.widths, 8, 4096);
  config.read("blocks", c.blocks, 1, 8);
  config.read("heads", c.heads, 1, 64);
  config.read("groups", c.groups, 1, 64);
  config.read("embedding", c.embedding, 8, 4096);
  config.read("fold", c.fold, 1, 8);
  config.finish();
  for (const int width : c.widths) config.require_multiple("widths", width, c.groups);
  config.require_multiple("widths", c.widths.back(), c.heads);
  config.require_multiple("embedding", c.embedding, 4);
  return make_label_map_unet(c);
}

std::unique_ptr<Denoiser> diffinfinite_unet(NetworkConfig& config, DiffInfiniteKind kind) {
  DiffInfiniteUNetConfig c;
  c.kind = kind;
  config.read("dim", c.dim, 4, 2048);
  config.read("dim_mults", c.dim_mults, 1, 64);
  config.read("channels", c.channels, 1, 64);
  config.read("num_classes", c.num_classes, 1, 254);
  config.read("resnet_block_groups", c.resnet_block_groups, 1, 64);
  config.read("block_per_layer", c.block_per_layer, 2, 2);
  config.finish();
  config.require_multiple("dim", c.dim, 2 * c.resnet_block_groups);
  return make_diffinfinite_unet(c);
}

std::unique_ptr<Denoiser> torchscript_denoiser(NetworkConfig& config, const std::string& where) {
  TorchScriptDenoiserConfig c;
  config.read("channels", c.channels, 1, 64);
  config.read("labels", c.labels, 2, 255);
  config.read("alignment", c.alignment, 1, 256);
  config.read("one_evaluation_per_label", c.one_evaluation_per_label);
  config.read("gflop_per_cell", c.gflop_per_cell, 1e6);
  config.finish();
  return make_torchscript_denoiser(c, where);
}

std::unique_ptr<Autoencoder> torchscript_autoencoder(NetworkConfig& config,
                                                     const std::string& where) {
  TorchScriptAutoencoderConfig c;
  config.read("channels", c.channels, 1, 64);
  config.read("downsampling", c.downsampling, 1, 64);
  config.read("gflop_per_cell", c.gflop_per_cell, 1e6);
  config.finish();
  return make_torchscript_autoencoder(c, where);
}

std::unique_ptr<Autoencoder> pixel_shuffle_autoencoder(NetworkConfig& config) {
  PixelShuffleAutoencoderConfig c;
  config.read("latent_channels", c.latent_channels, 1, 256);
  config.read("fine_width", c.fine_width, 8, 1024);
  config.read("coarse_width", c.coarse_width, 8, 1024);
  config.read("fine_blocks", c.fine_blocks, 0, 16);
  config.read("coarse_blocks", c.coarse_blocks, 0, 16);
  config.finish();
  return make_pixel_shuffle_autoencoder(c);
}

}  // namespace

std::unique_ptr<Denoiser> make_denoiser(const std::string& architecture,
                                        const std::string& config_json, const std::string& where) {
  NetworkConfig config(config_json, where);
  if (architecture == "label_map_unet") return label_map_unet(config);
  if (architecture == "diffinfinite_unet")
    return diffinfinite_unet(config, DiffInfiniteKind::image);
  if (architecture == "diffinfinite_mask_unet")
    return diffinfinite_unet(config, DiffInfiniteKind::mask);
  if (architecture == "unet_2d_condition")
    return make_unet_2d_condition(unet_2d_condition_config(config));
  if (architecture == "torchscript") return torchscript_denoiser(config, where);
  throw UserError(
      fmt::format("{}: unknown denoiser architecture '{}'; this version knows label_map_unet, "
                  "diffinfinite_unet, diffinfinite_mask_unet, unet_2d_condition and "
                  "torchscript",
                  where, architecture));
}

std::unique_ptr<Autoencoder> make_autoencoder(const std::string& architecture,
                                              const std::string& config_json,
                                              const std::string& where) {
  NetworkConfig config(config_json, where);
  if (architecture == "pixel_shuffle_autoencoder") return pixel_shuffle_autoencoder(config);
  if (architecture == "autoencoder_kl") return make_autoencoder_kl(autoencoder_kl_config(config));
  if (architecture == "vq_model") return make_vq_model(vq_model_config(config));
  if (architecture == "torchscript") return torchscript_autoencoder(config, where);
  throw UserError(
      fmt::format("{}: unknown autoencoder architecture '{}'; this version knows "
                  "pixel_shuffle_autoencoder, autoencoder_kl, vq_model and torchscript",
                  where, architecture));
}

}  // namespace histoloom
