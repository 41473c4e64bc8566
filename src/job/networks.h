// The networks of a job, of which one at a time is in memory: a published one holds gigabytes.
#pragma once

#include <memory>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/mask_model.h"
#include "histoloom/job/machine_spec.h"
#include "network_source.h"

namespace histoloom {

// The networks of a bundle, ready for inference.
class Networks final : public NetworkSource {
 public:
  struct Needs {
    bool image = false;   // autoencoder and denoiser
    bool labels = false;  // the mask denoiser
  };

  // Loads every network that is needed, so that none fails later. The bundle outlives it. \error
  // UserError names the file and what is wrong with it, or an address space that is too small.
  Networks(const ModelBundle& bundle, const MachineSpec& machine, Needs needs);
  ~Networks() override;

  Autoencoder& autoencoder() override;
  Denoiser& denoiser() override;
  Denoiser& label_denoiser() override;

 private:
  enum class Kind { none, autoencoder, denoiser, label_denoiser };
  void release();
  template <class Network, class Load>
  Network& take(std::unique_ptr<Network>& slot, Kind kind, Load&& load);

  const ModelBundle& bundle_;
  DType dtype_;
  Kind loaded_ = Kind::none;
  std::unique_ptr<Autoencoder> autoencoder_;
  std::unique_ptr<Denoiser> denoiser_;  // of the image or of the labels
};

}  // namespace histoloom
