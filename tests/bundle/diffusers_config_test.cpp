// Configurations as diffusers publishes them: what is refused, and how.
#include <gtest/gtest.h>

#include "histoloom/bundle/registry.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

struct DiffusersDefect {
  const char* config;
  const char* message;
};
void PrintTo(const DiffusersDefect& d, std::ostream* out) { *out << d.config; }

const DiffusersDefect kAutoencoderKLDefects[] = {
    {R"({"_class_name": "VQModel"})",
     "'_class_name' is \"VQModel\"; this version knows only \"AutoencoderKL\""},
    {R"({"act_fn": "relu"})", "'act_fn' is \"relu\"; this version knows only \"silu\""},
    {R"({"use_quant_conv": false})", "'use_quant_conv' is false; this version knows only true"},
    {R"({"latents_mean": [0, 0]})", "'latents_mean' is [0,0]; this version knows only null"},
    {R"({"in_channels": 1})", "'in_channels' must be a whole number from 3 to 3, got 1"},
    {R"({"block_out_channels": [48]})", "'block_out_channels' must be a multiple of 32, got 48"},
    {R"({"down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"]})",
     "'down_block_types' must have one entry for each of the 1 blocks, got 2"},
    {R"({"up_block_types": ["UpBlock2D"]})",
     "'up_block_types' has \"UpBlock2D\"; this version knows UpDecoderBlock2D and "
     "AttnUpDecoderBlock2D"},
    {R"({"depth": 3})", "'depth' is not a known setting"},
};

class AutoencoderConfigDefect : public testing::TestWithParam<DiffusersDefect> {};

TEST_P(AutoencoderConfigDefect, IsRefusedWithItsMessage) {
  EXPECT_EQ(message_of([] { make_autoencoder("autoencoder_kl", GetParam().config, "vae.json"); }),
            std::string("vae.json: ") + GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(Table, AutoencoderConfigDefect, testing::ValuesIn(kAutoencoderKLDefects));

TEST(VQModel, TheCodebookIsAsWideAsTheLatentsWhereTheFileIsSilent) {
  for (const char* silent :
       {R"({"latent_channels": 5})", R"({"latent_channels": 5, "vq_embed_dim": null})"})
    EXPECT_EQ(make_autoencoder("vq_model", silent, "vq.json")->channels(), 5);
  const auto wide =
      make_autoencoder("vq_model", R"({"latent_channels": 5, "vq_embed_dim": 7})", "vq.json");
  EXPECT_EQ(wide->channels(), 7);
}

const DiffusersDefect kUNetDefects[] = {
    {R"({"_class_name": "UNet2DModel"})",
     "'_class_name' is \"UNet2DModel\"; this version knows only \"UNet2DConditionModel\""},
    {R"({"act_fn": "gelu"})", "'act_fn' is \"gelu\"; this version knows only \"silu\""},
    {R"({"mid_block_scale_factor": 1.4142135})",
     "'mid_block_scale_factor' is 1.4142135; this version knows only 1"},
    {R"({"class_embed_type": "timestep"})",
     "'class_embed_type' is \"timestep\"; this version knows only null"},
    {R"({"dual_cross_attention": true})",
     "'dual_cross_attention' is true; this version knows only false"},
    {R"({"down_block_types": ["SimpleCrossAttnDownBlock2D"]})",
     "'down_block_types' has \"SimpleCrossAttnDownBlock2D\"; this version knows DownBlock2D and "
     "CrossAttnDownBlock2D"},
    {R"({"attention_head_dim": [5, 10]})",
     "'attention_head_dim' must have one entry for each of the 4 blocks, got 2"},
    {R"({"attention_head_dim": 7})", "'block_out_channels' must be a multiple of 7, got 320"},
    {R"({"cross_attention_dim": [8, 8]})",
     "'cross_attention_dim' must be a whole number from 1 to 8192, got [8,8]"},
    {R"({"out_channels": 8})", "'out_channels' must be a whole number from 4 to 4, got 8"},
    {R"({"norm_eps": 0})", "'norm_eps' must be a number above 0 and at most 1, got 0"},
    {R"({"flip_sin_to_cos": 1})", "'flip_sin_to_cos' must be true or false, got 1"},
    {R"({"width": 8})", "'width' is not a known setting"},
};

class UNetConfigDefect : public testing::TestWithParam<DiffusersDefect> {};

TEST_P(UNetConfigDefect, IsRefusedWithItsMessage) {
  EXPECT_EQ(message_of([] { make_denoiser("unet_2d_condition", GetParam().config, "unet.json"); }),
            std::string("unet.json: ") + GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(Table, UNetConfigDefect, testing::ValuesIn(kUNetDefects));

}  // namespace
}  // namespace histoloom
