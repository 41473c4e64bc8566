// What model.json says of a mask denoiser.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "histoloom/bundle/bundle.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

using nlohmann::ordered_json;

TEST(MaskSpec, AMaskDescribesWhatTheMaskDenoiserPaints) {
  const ScratchDirectory scratch;
  ordered_json json = small_model_json();
  write_bytes(scratch / "model.json", json.dump());
  EXPECT_FALSE(ModelBundle::read(scratch.path()).mask.has_value());
  json["mask"] = {{"cell", 32},   {"patch", 16},       {"batch", 4},
                  {"scale", 0.5}, {"prediction", "v"}, {"defaults", json["defaults"]}};
  json["mask"]["defaults"]["steps"] = 12;
  write_bytes(scratch / "model.json", json.dump());
  const MaskSpec mask = ModelBundle::read(scratch.path()).mask.value();
  EXPECT_EQ(mask.cell, 32);
  EXPECT_EQ(mask.patch, 16);
  EXPECT_EQ(mask.batch, 4);
  EXPECT_EQ(mask.scale, 0.5);
  EXPECT_EQ(mask.prediction, Prediction::v);
  EXPECT_EQ(mask.sampling.steps, 12);
  EXPECT_EQ(mask.sampling.guidance, 2);
}

TEST(MaskSpec, AMasksCellHoldsWholeLatents) {
  const ScratchDirectory scratch;
  ordered_json json = small_model_json();
  json["mask"] = {{"cell", 12}};
  write_bytes(scratch / "model.json", json.dump());
  EXPECT_EQ(message_of([&] { ModelBundle::read(scratch.path()); }),
            (scratch / "model.json").string() +
                ": 'mask.cell' must be a multiple of latent.downsampling (8), got 12");
}

TEST(MaskSpec, AMaskMayHaveACoarserScale) {
  const ScratchDirectory scratch;
  ordered_json json = small_model_json();
  json["mask"] = {{"cell", 16},   {"patch", 16},       {"batch", 4},
                  {"scale", 0.5}, {"prediction", "v"}, {"defaults", json["defaults"]}};
  json["mask"]["defaults"]["steps"] = 12;
  const auto refusal = [&](const ordered_json& coarser) {
    json["mask"]["coarser"] = coarser;
    write_bytes(scratch / "model.json", json.dump());
    return message_of([&] { ModelBundle::read(scratch.path()); });
  };
  EXPECT_EQ(refusal({{"cell", 64}, {"steps", 10}, {"begin", 0.5}}), "");
  const CoarserMaskSpec coarser = ModelBundle::read(scratch.path()).mask->coarser.value();
  EXPECT_EQ(coarser.cell, 64);
  EXPECT_EQ(coarser.steps, 10);
  EXPECT_EQ(coarser.begin, 0.5);
  const std::string file = (scratch / "model.json").string();
  for (const int cell : {24, 16})
    EXPECT_EQ(refusal({{"cell", cell}, {"steps", 10}, {"begin", 0.5}}),
              fmt::format("{}: 'mask.coarser.cell' must be a multiple of mask.cell (16), not that "
                          "itself, got {}",
                          file, cell));
  EXPECT_EQ(refusal({{"cell", 64}, {"steps", 1001}, {"begin", 0.5}}),
            file + ": 'mask.coarser.steps' must be a whole number from 1 to 1000, got 1001");
  for (const char* begin : {"1.0", "0.011"})
    EXPECT_EQ(refusal({{"cell", 64}, {"steps", 10}, {"begin", ordered_json::parse(begin)}}),
              fmt::format("{}: 'mask.coarser.begin' must be from 0.012 (mask.defaults.steps of "
                          "schedule.steps) to below 1, got {}",
                          file, begin));
  EXPECT_EQ(refusal({{"cell", 64}, {"begin", 0.5}}), file + ": 'mask.coarser.steps' is missing");
}

}  // namespace
}  // namespace histoloom
