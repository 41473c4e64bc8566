// The configurations of torchscript: networks that a TorchScript module computes.
#pragma once

#include <memory>
#include <string>

#include "histoloom/networks/autoencoder.h"

namespace histoloom {

struct TorchScriptDenoiserConfig {
  int channels = 4;
  int labels = 2;     // ids 0 (no condition) to labels - 1
  int alignment = 8;  // cells of which a patch's sides are multiples
  bool one_evaluation_per_label = false;
  double gflop_per_cell = 0;  // work in 1e9 multiplies and adds; 0: nobody has counted
};

struct TorchScriptAutoencoderConfig {
  int channels = 4;
  int downsampling = 8;
  double gflop_per_cell = 0;  // work of decoding in 1e9 multiplies and adds; 0: nobody has counted
};

// Makes the network with fresh weights. Errors of a training begin with `where`.
std::unique_ptr<Denoiser> make_torchscript_denoiser(const TorchScriptDenoiserConfig& config,
                                                    std::string where);
std::unique_ptr<Autoencoder> make_torchscript_autoencoder(
    const TorchScriptAutoencoderConfig& config, std::string where);

}  // namespace histoloom
