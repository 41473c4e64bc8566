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

// What other U-Nets of the same class do otherwise.
const std::vector<FixedSetting> kUNetSettings{
    {"_class_name", R"(["UNet2DConditionModel"])"},
    {"act_fn", R"(["silu", "swish"])"},
    {"addition_embed_type", "[null]"},
    {"addition_time_embed_dim", "[null]"},
    {"attention_type", R"(["default"])"},
    {"center_input_sample", "[false]"},
    {"class_embed_type", "[null]"},
    {"class_embeddings_concat", "[false]"},
    {"conv_in_kernel", "[3]"},
    {"conv_out_kernel", "[3]"},
    {"cross_attention_norm", "[null]"},
    {"downsample_padding", "[1]"},
    {"dropout", "[0]"},
    {"dual_cross_attention", "[false]"},
    {"encoder_hid_dim", "[null]"},
    {"encoder_hid_dim_type", "[null]"},
    {"mid_block_only_cross_attention", "[null, false]"},
    {"mid_block_scale_factor", "[1]"},
    {"mid_block_type", R"(["UNetMidBlock2DCrossAttn"])"},
    {"num_attention_heads", "[null]"},
    {"num_class_embeds", "[null]"},
    {"only_cross_attention", "[false]"},
    {"projection_class_embeddings_input_dim", "[null]"},
    {"resnet_out_scale_factor", "[1]"},
    {"resnet_skip_time_act", "[false]"},
    {"resnet_time_scale_shift", R"(["default"])"},
    {"reverse_transformer_layers_per_block", "[null]"},
    {"time_cond_proj_dim", "[null]"},
    {"time_embedding_act_fn", "[null]"},
    {"time_embedding_dim", "[null]"},
    {"time_embedding_type", R"(["positional"])"},
    {"timestep_post_act", "[null]"},
    {"transformer_layers_per_block", "[1]"},
};

// "attention_head_dim" is the number of heads, one for all blocks or one each.
void read_heads(NetworkConfig& json, UNet2DConditionConfig& c) {
  constexpr const char* kKey = "attention_head_dim";
  int heads = 8;
  if (!json.is_list(kKey)) {
    json.read(kKey, heads, 1, 256);
    c.heads.assign(c.block_out_channels.size(), heads);
  } else {
    json.read(kKey, c.heads, 1, 256);
  }
  json.require_length(kKey, c.heads.size(), c.block_out_channels.size());
}

void check_widths(const NetworkConfig& json, const UNet2DConditionConfig& c) {
  const std::size_t n = c.block_out_channels.size();
  json.require_length("down_block_types", c.down_attention.size(), n);
  json.require_length("up_block_types", c.up_attention.size(), n);
  json.require_multiple("block_out_channels", c.block_out_channels[0], 2);
  for (std::size_t i = 0; i < n; ++i) {
    json.require_multiple("block_out_channels", c.block_out_channels[i], c.norm_num_groups);
    if (c.down_attention[i] || c.up_attention[n - 1 - i] || i + 1 == n)
      json.require_multiple("block_out_channels", c.block_out_channels[i], c.heads[i]);
  }
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

UNet2DConditionConfig unet_2d_condition_config(NetworkConfig& json) {
  UNet2DConditionConfig c;
  // Softmax is float32 here whatever "upcast_attention" says, and a linear projection is a 1×1
  // convolution.
  json.ignore({"_diffusers_version", "_name_or_path", "sample_size", "upcast_attention",
               "use_linear_projection", "addition_embed_type_num_heads"});
  json.require_fixed(kUNetSettings);
  json.read("in_channels", c.channels, 1, 256);
  json.read("out_channels", c.channels, c.channels, c.channels);
  json.read("block_out_channels", c.block_out_channels, 4, kMaxWidth);
  json.read("layers_per_block", c.layers_per_block, 1, 8);
  json.read("norm_num_groups", c.norm_num_groups, 1, 1024);
  json.read("norm_eps", c.norm_eps, 1.0);
  json.read("flip_sin_to_cos", c.flip_sin_to_cos);
  json.read("freq_shift", c.freq_shift, 0, 1);
  json.read("cross_attention_dim", c.cross_attention_dim, 1, kMaxWidth);
  json.read("down_block_types", c.down_attention, "DownBlock2D", "CrossAttnDownBlock2D");
  json.read("up_block_types", c.up_attention, "UpBlock2D", "CrossAttnUpBlock2D");
  read_heads(json, c);
  json.read("labels", c.labels, 1, 255);
  json.read("context_tokens", c.context_tokens, 1, 4096);
  json.finish();
  check_widths(json, c);
  return c;
}

}  // namespace histoloom
