// Architectures by the name that model.json gives them.
#pragma once

#include <memory>
#include <string>

#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/denoiser.h"

namespace histoloom {

// Builds a denoiser with freshly initialised weights from "architecture" and its JSON
// configuration. UserError, with `where`, for an unknown architecture or a bad configuration.
std::unique_ptr<Denoiser> make_denoiser(const std::string& architecture,
                                        const std::string& config_json, const std::string& where);

// Builds an autoencoder with freshly initialised weights. UserError as make_denoiser().
std::unique_ptr<Autoencoder> make_autoencoder(const std::string& architecture,
                                              const std::string& config_json,
                                              const std::string& where);

}  // namespace histoloom
