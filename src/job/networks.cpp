#include "networks.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "histoloom/core/address_space.h"
#include "histoloom/networks/address_space_need.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace histoloom {

namespace {

// The size of the largest network's file; 0 for one that isn't there, which loading says.
std::uint64_t largest_weights(const ModelBundle& bundle) {
  std::uint64_t largest = 0;
  for (const auto& [key, network] : bundle.networks()) {
    std::error_code code;
    const std::uintmax_t bytes = std::filesystem::file_size(network.weights, code);
    if (!code) largest = std::max<std::uint64_t>(largest, bytes);
  }
  return largest;
}

}  // namespace

Networks::Networks(const ModelBundle& bundle, const ModelBundle& image, const MachineSpec& machine,
                   Needs needs)
    : bundle_(bundle), image_(image), dtype_(machine.dtype) {
  if (!needs.image && !needs.labels) return;
  require_address_space(address_space_of_networks(machine.threads, largest_weights(bundle)),
                        fmt::format("painting with --threads {}", machine.threads));
  if (needs.labels) static_cast<void>(label_denoiser());
  if (!needs.image) return;
  for (std::size_t i = 0; i < image_.stages.size(); ++i) {
    static_cast<void>(coarser_denoiser(i));
    static_cast<void>(coarser_autoencoder(i));
  }
  static_cast<void>(denoiser());
  static_cast<void>(autoencoder());  // the last: the image's stages begin with it
}

Networks::~Networks() = default;

// The C library keeps what a large network gave back, gigabytes of it, beside what the next one
// asks for.
void Networks::release() {
  autoencoder_.reset();
  denoiser_.reset();
  loaded_ = {};
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

template <class Network, class Load>
Network& Networks::take(std::unique_ptr<Network>& slot, Key key, Load&& load) {
  if (loaded_ == key) return *slot;
  release();
  slot = load();
  loaded_ = key;
  return *slot;
}

Autoencoder& Networks::autoencoder_of(const ModelBundle& stage) {
  return take(autoencoder_, {Kind::autoencoder, &stage},
              [&] { return load_autoencoder(stage, dtype_); });
}

Denoiser& Networks::denoiser_of(const ModelBundle& stage) {
  return take(denoiser_, {Kind::denoiser, &stage}, [&] { return load_denoiser(stage, dtype_); });
}

Autoencoder& Networks::autoencoder() { return autoencoder_of(image_); }

Denoiser& Networks::denoiser() { return denoiser_of(image_); }

Autoencoder& Networks::coarser_autoencoder(std::size_t stage) {
  return autoencoder_of(image_.stages.at(stage));
}

Denoiser& Networks::coarser_denoiser(std::size_t stage) {
  return denoiser_of(image_.stages.at(stage));
}

Denoiser& Networks::label_denoiser() {
  return take(denoiser_, {Kind::label_denoiser, &bundle_},
              [&] { return MaskModel(bundle_).load(dtype_); });
}

}  // namespace histoloom
