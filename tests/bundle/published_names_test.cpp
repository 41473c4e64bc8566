// Names and shapes of published weights: lists that were read from the files themselves.
#include "published_names.h"

#include <c10/core/impl/LocalDispatchKeySet.h>
#include <gtest/gtest.h>

#include "autoencoder_kl.h"
#include "diffusers_config.h"
#include "networks/test_model.h"
#include "unet_2d_condition.h"
#include "vq_model.h"

namespace histoloom {
namespace {

// Published linear layers are convolutions of one position here.
std::vector<std::int64_t> without_trailing_ones(std::vector<std::int64_t> shape) {
  while (shape.size() > 1 && shape.back() == 1) shape.pop_back();
  return shape;
}

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

Shapes shapes_of(const NamedTensors& parameters) {
  Shapes shapes;
  for (const auto& [name, parameter] : parameters)
    shapes[name] = without_trailing_ones(parameter.sizes().vec());
  return shapes;
}

// Lines of a name, a tab and "[4, 3]".
Shapes published_shapes(const std::string& file) {
  std::ifstream in(std::filesystem::path(HISTOLOOM_TESTDATA "/parity/keys") / file);
  Shapes shapes;
  for (std::string line; std::getline(in, line);) {
    const std::size_t tab = line.find('\t');
    shapes[line.substr(0, tab)] = without_trailing_ones(
        nlohmann::json::parse(line.substr(tab)).get<std::vector<std::int64_t>>());
  }
  return shapes;
}

// Tensors that are made have shapes and no memory.
class WithoutMemory {
  static c10::impl::LocalDispatchKeySet with_meta() {
    c10::impl::LocalDispatchKeySet keys = c10::impl::tls_local_dispatch_key_set();
    keys.included_ = keys.included_ | c10::DispatchKeySet(c10::DispatchKey::Meta);
    return keys;
  }
  c10::impl::ForceDispatchKeyGuard guard_{with_meta()};
};

NamedTensors autoencoder_parameters(const char* architecture, const char* config) {
  const WithoutMemory guard;
  return make_autoencoder(architecture, config, "test")->parameters();
}

NamedTensors unet_parameters(const char* config) {
  const WithoutMemory guard;
  NamedTensors parameters = make_denoiser("unet_2d_condition", config, "test")->parameters();
  std::erase_if(parameters, [](const auto& pair) { return pair.first == "context"; });
  return parameters;
}

std::int64_t count(const NamedTensors& parameters) {
  std::int64_t sum = 0;
  for (const auto& [name, parameter] : parameters) sum += parameter.numel();
  return sum;
}

NamedTensors stable_diffusion_autoencoder() {
  return autoencoder_parameters("autoencoder_kl", R"({
      "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 4,
      "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                           "DownEncoderBlock2D"],
      "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                         "UpDecoderBlock2D"]})");
}

NamedTensors vq_f8() {
  return autoencoder_parameters("vq_model", R"({
      "block_out_channels": [128, 256, 256, 512], "layers_per_block": 2, "latent_channels": 4,
      "num_vq_embeddings": 16384,
      "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                           "AttnDownEncoderBlock2D"],
      "up_block_types": ["AttnUpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                         "UpDecoderBlock2D"]})");
}

NamedTensors stable_diffusion_unet() { return unet_parameters(R"({"cross_attention_dim": 768})"); }

TEST(PublishedNames, StableDiffusionsAutoencoderHasThePublishedNamesAndShapes) {
  const NamedTensors parameters = stable_diffusion_autoencoder();
  EXPECT_EQ(shapes_of(parameters), published_shapes("vae_sd_kl_f8.txt"));
  EXPECT_EQ(count(parameters), 83653863);
}

TEST(PublishedNames, VQF8HasThePublishedNamesAndShapes) {
  EXPECT_EQ(shapes_of(vq_f8()), published_shapes("vqmodel_f8_compvis.txt"));
}

TEST(PublishedNames, StableDiffusionsUNetHasThePublishedNamesAndShapes) {
  const NamedTensors parameters = stable_diffusion_unet();
  EXPECT_EQ(shapes_of(parameters), published_shapes("unet_sd14.txt"));
  EXPECT_EQ(count(parameters), 859520964);
}

// What published_names() makes of `parameters` when the file has the right column of `table`.
void expect_names(const NamedTensors& parameters, const std::map<std::string, std::string>& table) {
  std::vector<std::string> file;
  for (const auto& [name, called] : table) file.push_back(called);
  const auto names = published_names(parameters, file);
  for (const auto& [name, called] : table) {
    ASSERT_TRUE(names.contains(name)) << name;
    EXPECT_EQ(names.at(name), called);
  }
}

TEST(PublishedNames, AFileWithOurNamesNeedsNone) {
  const NamedTensors parameters = stable_diffusion_autoencoder();
  std::vector<std::string> file;
  for (const auto& [name, parameter] : parameters) file.push_back(name);
  EXPECT_TRUE(published_names(parameters, file).empty());
  EXPECT_TRUE(published_names(parameters, {}).empty());
}

TEST(PublishedNames, AttentionBeforeDiffusers015) {
  expect_names(vq_f8(), {{"encoder.mid_block.attentions.0.to_q.weight",
                          "encoder.mid_block.attentions.0.query.weight"},
                         {"encoder.down_blocks.3.attentions.1.to_k.bias",
                          "encoder.down_blocks.3.attentions.1.key.bias"},
                         {"decoder.up_blocks.0.attentions.2.to_v.weight",
                          "decoder.up_blocks.0.attentions.2.value.weight"},
                         {"decoder.mid_block.attentions.0.to_out.0.bias",
                          "decoder.mid_block.attentions.0.proj_attn.bias"}});
}

// The right column is of a published Stable Diffusion 1.4 checkpoint.
TEST(PublishedNames, ACompVisAutoencoder) {
  const std::string p = "first_stage_model.";
  expect_names(
      stable_diffusion_autoencoder(),
      {{"encoder.conv_in.weight", p + "encoder.conv_in.weight"},
       {"encoder.down_blocks.1.resnets.0.conv_shortcut.weight",
        p + "encoder.down.1.block.0.nin_shortcut.weight"},
       {"encoder.down_blocks.2.downsamplers.0.conv.bias",
        p + "encoder.down.2.downsample.conv.bias"},
       {"encoder.mid_block.resnets.0.norm1.weight", p + "encoder.mid.block_1.norm1.weight"},
       {"encoder.mid_block.attentions.0.group_norm.weight", p + "encoder.mid.attn_1.norm.weight"},
       {"encoder.mid_block.attentions.0.to_q.weight", p + "encoder.mid.attn_1.q.weight"},
       {"encoder.mid_block.attentions.0.to_k.weight", p + "encoder.mid.attn_1.k.weight"},
       {"encoder.mid_block.attentions.0.to_v.weight", p + "encoder.mid.attn_1.v.weight"},
       {"encoder.mid_block.attentions.0.to_out.0.bias", p + "encoder.mid.attn_1.proj_out.bias"},
       {"encoder.conv_norm_out.weight", p + "encoder.norm_out.weight"},
       {"decoder.mid_block.resnets.1.conv2.bias", p + "decoder.mid.block_2.conv2.bias"},
       {"decoder.up_blocks.0.resnets.2.conv1.weight", p + "decoder.up.3.block.2.conv1.weight"},
       {"decoder.up_blocks.3.resnets.0.conv_shortcut.bias",
        p + "decoder.up.0.block.0.nin_shortcut.bias"},
       {"decoder.up_blocks.0.upsamplers.0.conv.weight", p + "decoder.up.3.upsample.conv.weight"},
       {"quant_conv.weight", p + "quant_conv.weight"}});
}

// The right column is of latent diffusion's published vq-f8.
TEST(PublishedNames, ACompVisAutoencoderThatAttendsInItsBlocks) {
  expect_names(
      vq_f8(),
      {{"encoder.down_blocks.3.attentions.1.to_out.0.weight",
        "encoder.down.3.attn.1.proj_out.weight"},
       {"decoder.up_blocks.0.attentions.2.group_norm.bias", "decoder.up.3.attn.2.norm.bias"},
       {"decoder.up_blocks.0.attentions.0.to_q.weight", "decoder.up.3.attn.0.q.weight"}});
}

// The right column is of a published Stable Diffusion 1.4 checkpoint.
TEST(PublishedNames, ACompVisUNet) {
  const std::string p = "model.diffusion_model.", attn = "transformer_blocks.0.attn2.to_k.weight";
  expect_names(
      stable_diffusion_unet(),
      {{"conv_in.weight", p + "input_blocks.0.0.weight"},
       {"time_embedding.linear_1.weight", p + "time_embed.0.weight"},
       {"time_embedding.linear_2.bias", p + "time_embed.2.bias"},
       {"down_blocks.0.resnets.0.norm1.weight", p + "input_blocks.1.0.in_layers.0.weight"},
       {"down_blocks.0.attentions.1." + attn, p + "input_blocks.2.1." + attn},
       {"down_blocks.0.downsamplers.0.conv.weight", p + "input_blocks.3.0.op.weight"},
       {"down_blocks.1.resnets.0.conv_shortcut.bias", p + "input_blocks.4.0.skip_connection.bias"},
       {"down_blocks.2.resnets.1.time_emb_proj.weight", p + "input_blocks.8.0.emb_layers.1.weight"},
       {"down_blocks.3.resnets.1.conv2.weight", p + "input_blocks.11.0.out_layers.3.weight"},
       {"mid_block.resnets.0.conv1.weight", p + "middle_block.0.in_layers.2.weight"},
       {"mid_block.attentions.0.proj_in.weight", p + "middle_block.1.proj_in.weight"},
       {"mid_block.resnets.1.norm2.bias", p + "middle_block.2.out_layers.0.bias"},
       {"up_blocks.0.resnets.2.conv1.weight", p + "output_blocks.2.0.in_layers.2.weight"},
       {"up_blocks.0.upsamplers.0.conv.weight", p + "output_blocks.2.1.conv.weight"},
       {"up_blocks.1.attentions.0.norm.weight", p + "output_blocks.3.1.norm.weight"},
       {"up_blocks.1.upsamplers.0.conv.bias", p + "output_blocks.5.2.conv.bias"},
       {"up_blocks.3.resnets.2.norm1.bias", p + "output_blocks.11.0.in_layers.0.bias"},
       {"conv_norm_out.weight", p + "out.0.weight"},
       {"conv_out.bias", p + "out.2.bias"}});
}

TEST(PublishedNames, AMissingTensorIsMissedUnderTheFilesOwnName) {
  const ScratchDirectory scratch;
  DiffusersAutoencoderConfig config;
  config.block_out_channels = {8};
  config.norm_num_groups = 4;
  AutoencoderKL network(config);
  const NamedTensors parameters = network.parameters();
  write_safetensors(scratch / "vae.safetensors",
                    {{"first_stage_model.encoder.conv_in.weight", at::zeros({8, 3, 3, 3})},
                     {"first_stage_model.encoder.norm_out.weight", at::zeros({8})}},
                    {});
  const auto file = open_weights(scratch / "vae.safetensors");
  EXPECT_EQ(message_of([&] {
              load_parameters(parameters, *file, published_names(parameters, file->names()));
            }),
            (scratch / "vae.safetensors").string() +
                ": tensor 'first_stage_model.encoder.conv_in.bias' is missing");
}

}  // namespace
}  // namespace histoloom
