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
  Networks(const ModelBundle& bundle, const MachineSpec& machine, Needs needs)
      : Networks(bundle, bundle, machine, needs) {}
  // The same with the networks of the image, and of its coarser stages, from one of the bundle's
  // stages.
  Networks(const ModelBundle& bundle, const ModelBundle& image, const MachineSpec& machine,
           Needs needs);
  ~Networks() override;

  Autoencoder& autoencoder() override;
  Denoiser& denoiser() override;
  Denoiser& label_denoiser() override;
  Autoencoder& coarser_autoencoder(std::size_t stage) override;
  Denoiser& coarser_denoiser(std::size_t stage) override;

 private:
  enum class Kind { none, autoencoder, denoiser, label_denoiser };
  // Which network is in memory: its kind, and the stage that it belongs to.
  struct Key {
    Kind kind = Kind::none;
    const ModelBundle* stage = nullptr;
    bool operator==(const Key&) const = default;
  };
  Autoencoder& autoencoder_of(const ModelBundle& stage);
  Denoiser& denoiser_of(const ModelBundle& stage);
  void release();
  template <class Network, class Load>
  Network& take(std::unique_ptr<Network>& slot, Key key, Load&& load);

  const ModelBundle &bundle_, &image_;
  DType dtype_;
  Key loaded_;
  std::unique_ptr<Autoencoder> autoencoder_;
  std::unique_ptr<Denoiser> denoiser_;  // of the image or of the labels
};

}  // namespace histoloom
