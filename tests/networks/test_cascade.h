// A small bundle of three stages.
#pragma once

#include "networks/test_model.h"

namespace histoloom {

// Stages of 8, 2 and 0.5 microns a pixel; the finest sees two views.
inline nlohmann::ordered_json small_cascade_json() {
  nlohmann::ordered_json json = small_model_json();
  const auto context = [](nlohmann::ordered_json views) {
    return nlohmann::ordered_json{{"views", std::move(views)}, {"noise", 0.1}, {"most_noise", 0.3}};
  };
  const nlohmann::ordered_json view = {{"extent", 1}, {"detail", 1}};
  const nlohmann::ordered_json wide = {{"extent", 3}, {"detail", 1}};
  const auto stage = [&](const char* name, double mpp, int planes) {
    nlohmann::ordered_json denoiser = json["denoiser"];
    denoiser["weights"] = std::string(name) + ".safetensors";
    if (planes > 0) denoiser["config"]["context_channels"] = planes;
    nlohmann::ordered_json defaults = json["defaults"];
    defaults["steps"] = 5;
    return nlohmann::ordered_json{{"name", name},
                                  {"mpp", mpp},
                                  {"magnification", 4 / mpp},
                                  {"defaults", defaults},
                                  {"denoiser", denoiser}};
  };
  json["stages"] = {stage("overview", 8, 0), stage("middle", 2, 5)};
  json["stages"][1]["context"] = context({view});
  json["context"] = context({view, wide});
  json["denoiser"]["config"]["context_channels"] = 8;
  json["defaults"]["steps"] = 6;
  return json;
}

// Writes it with random weights.
inline void write_small_cascade(const std::filesystem::path& directory,
                                const nlohmann::ordered_json& json = small_cascade_json()) {
  write_small_bundle(directory, json);
  std::uint64_t seed = 10;
  for (const auto& stage : json["stages"]) {
    const auto denoiser =
        make_denoiser("label_map_unet", stage["denoiser"]["config"].dump(), "test");
    randomise(denoiser->parameters(), seed++);
    const std::string weights = stage["denoiser"]["weights"];
    write_safetensors(directory / weights, denoiser->parameters(), {});
  }
}

}  // namespace histoloom
