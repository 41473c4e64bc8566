#include "diffusers_config.h"

namespace histoloom {

namespace {

constexpr int kMaxWidth = 8192;

// What the autoencoders' configurations share.
DiffusersAutoencoderConfig autoencoder_config(NetworkConfig& json, int latent_channels) {
  DiffusersAutoencoderConfig c;
  c.latent_channels = latent_channels;  // where the file is silent
  json.ignore(
      {"_diffusers_version", "_name_or_path", "sample_size", "scaling_factor", "force_upcast"});
  json.require_fixed({{"act_fn", R"(["silu", "swish"])"},
                      {"shift_factor", "[null]"},
                      {"latents_mean", "[null]"},
                      {"latents_std", "[null]"},
                      {"use_quant_conv", "[true]"},
                      {"use_post_quant_conv", "[true]"},
                      {"mid_block_add_attention", "[true]"},
                      {"norm_type", R"(["group"])"},
                      {"lookup_from_codebook", "[false]"}});
  json.read("in_channels", c.in_channels, 3, 3);
  json.read("out_channels", c.out_channels, 3, 3);
  json.read("latent_channels", c.latent_channels, 1, 256);
  json.read("block_out_channels", c.block_out_channels, 1, kMaxWidth);
  json.read("layers_per_block", c.layers_per_block, 1, 8);
  json.read("norm_num_groups", c.norm_num_groups, 1, 1024);
  json.read("down_block_types", c.down_attention, "DownEncoderBlock2D", "AttnDownEncoderBlock2D");
  json.read("up_block_types", c.up_attention, "UpDecoderBlock2D", "AttnUpDecoderBlock2D");
  for (const int width : c.block_out_channels)
    json.require_multiple("block_out_channels", width, c.norm_num_groups);
  json.require_length("down_block_types", c.down_attention.size(), c.block_out_channels.size());
  json.require_length("up_block_types", c.up_attention.size(), c.block_out_channels.size());
  return c;
}

}  // namespace

DiffusersAutoencoderConfig autoencoder_kl_config(NetworkConfig& json) {
  json.require_fixed({{"_class_name", R"(["AutoencoderKL"])"}});
  const DiffusersAutoencoderConfig c = autoencoder_config(json, 4);
  json.finish();
  return c;
}

VQModelConfig vq_model_config(NetworkConfig& json) {
  json.require_fixed({{"_class_name", R"(["VQModel"])"}});
  VQModelConfig c;
  c.autoencoder = autoencoder_config(json, 3);
  c.vq_embed_dim = c.autoencoder.latent_channels;
  json.read("num_vq_embeddings", c.num_vq_embeddings, 1, 1 << 20);
  if (json.is_null("vq_embed_dim")) json.ignore({"vq_embed_dim"});
  json.read("vq_embed_dim", c.vq_embed_dim, 1, 256);
  json.finish();
  return c;
}

}  // namespace histoloom
