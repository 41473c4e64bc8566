// Architectures and their configurations by name.
#include <gtest/gtest.h>

#include "networks/test_model.h"

namespace histoloom {
namespace {

struct ConfigDefect {
  const char* config;
  const char* message;
  const char* architecture = nullptr;  // nullptr: label_map_unet, pixel_shuffle_autoencoder
};
void PrintTo(const ConfigDefect& d, std::ostream* out) { *out << d.config; }

const ConfigDefect kDenoiserDefects[] = {
    {"{", "the configuration is not valid JSON"},
    {"[]", "the configuration is not a JSON object"},
    {R"({"depth": 3})", "'depth' is not a known setting"},
    {R"({"labels": 1})", "'labels' must be a whole number from 2 to 255, got 1"},
    {R"({"labels": "6"})", "'labels' must be a whole number from 2 to 255, got \"6\""},
    {R"({"labels": 6.5})", "'labels' must be a whole number from 2 to 255, got 6.5"},
    {R"({"latent_channels": 0})", "'latent_channels' must be a whole number from 1 to 64, got 0"},
    {R"({"widths": []})", "'widths' must be a list of 1 to 6 numbers"},
    {R"({"widths": 64})", "'widths' must be a list of 1 to 6 numbers"},
    {R"({"widths": [8, 8, 8, 8, 8, 8, 8]})", "'widths' must be a list of 1 to 6 numbers"},
    {R"({"widths": [64, 4]})", "'widths' must be a whole number from 8 to 4096, got 4"},
    {R"({"widths": [64, 100]})", "'widths' must be a multiple of 8, got 100"},
    {R"({"widths": [8], "groups": 4, "heads": 3})", "'widths' must be a multiple of 3, got 8"},
    {R"({"blocks": 0})", "'blocks' must be a whole number from 1 to 8, got 0"},
    {R"({"embedding": 30})", "'embedding' must be a multiple of 4, got 30"},
    {R"({"context_channels": 257})",
     "'context_channels' must be a whole number from 0 to 256, got 257"},
    {R"({"fold": 0})", "'fold' must be a whole number from 1 to 8, got 0"},
    {R"({"fold": 1})", "'fold' is not a known setting", "diffinfinite_unet"},
};

class DenoiserDefect : public testing::TestWithParam<ConfigDefect> {};

TEST_P(DenoiserDefect, IsRefusedWithItsMessage) {
  const ConfigDefect& d = GetParam();
  const char* architecture = d.architecture != nullptr ? d.architecture : "label_map_unet";
  EXPECT_EQ(message_of([&] { make_denoiser(architecture, d.config, "m.json"); }),
            std::string("m.json: ") + d.message);
}
INSTANTIATE_TEST_SUITE_P(Table, DenoiserDefect, testing::ValuesIn(kDenoiserDefects));

const ConfigDefect kAutoencoderDefects[] = {
    {"3", "the configuration is not a JSON object"},
    {R"({"width": 3})", "'width' is not a known setting"},
    {R"({"fine_width": 7})", "'fine_width' must be a whole number from 8 to 1024, got 7"},
    {R"({"coarse_blocks": -1})", "'coarse_blocks' must be a whole number from 0 to 16, got -1"},
    {R"({"latent_channels": 257})",
     "'latent_channels' must be a whole number from 1 to 256, got 257"},
};

class AutoencoderDefect : public testing::TestWithParam<ConfigDefect> {};

TEST_P(AutoencoderDefect, IsRefusedWithItsMessage) {
  const ConfigDefect& d = GetParam();
  const char* architecture =
      d.architecture != nullptr ? d.architecture : "pixel_shuffle_autoencoder";
  EXPECT_EQ(message_of([&] { make_autoencoder(architecture, d.config, "m"); }),
            std::string("m: ") + d.message);
}
INSTANTIATE_TEST_SUITE_P(Table, AutoencoderDefect, testing::ValuesIn(kAutoencoderDefects));

TEST(Registry, AnUnknownArchitectureIsNamedWithThoseThatAreKnown) {
  EXPECT_EQ(message_of([] { make_denoiser("dit", "{}", "m.json"); }),
            "m.json: unknown denoiser architecture 'dit'; this version knows label_map_unet, "
            "diffinfinite_unet, diffinfinite_mask_unet, unet_2d_condition and torchscript");
  EXPECT_EQ(message_of([] { make_autoencoder("vae", "{}", "m.json"); }),
            "m.json: unknown autoencoder architecture 'vae'; this version knows "
            "pixel_shuffle_autoencoder, autoencoder_kl, vq_model and torchscript");
}

TEST(Registry, AnEmptyConfigurationIsTheDefaultOne) {
  EXPECT_EQ(make_denoiser("label_map_unet", "{}", "m")->channels(), 8);
  const auto autoencoder = make_autoencoder("pixel_shuffle_autoencoder", "{}", "m");
  EXPECT_EQ(autoencoder->channels(), 8);
  EXPECT_EQ(autoencoder->downsampling(), 8);
}

}  // namespace
}  // namespace histoloom
