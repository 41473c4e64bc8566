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

Networks::Networks(const ModelBundle& bundle, const MachineSpec& machine, Needs needs)
    : bundle_(bundle), dtype_(machine.dtype) {
  if (!needs.image && !needs.labels) return;
  require_address_space(address_space_of_networks(machine.threads, largest_weights(bundle)),
                        fmt::format("painting with --threads {}", machine.threads));
  if (needs.labels) static_cast<void>(label_denoiser());
  if (!needs.image) return;
  static_cast<void>(denoiser());
  static_cast<void>(autoencoder());  // the last: the image's stages begin with it
}

Networks::~Networks() = default;

// The C library keeps what a large network gave back, gigabytes of it, beside what the next one
// asks for.
void Networks::release() {
  autoencoder_.reset();
  denoiser_.reset();
  loaded_ = Kind::none;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

template <class Network, class Load>
Network& Networks::take(std::unique_ptr<Network>& slot, Kind kind, Load&& load) {
  if (loaded_ == kind) return *slot;
  release();
  slot = load();
  loaded_ = kind;
  return *slot;
}

Autoencoder& Networks::autoencoder() {
  return take(autoencoder_, Kind::autoencoder, [&] { return load_autoencoder(bundle_, dtype_); });
}

Denoiser& Networks::denoiser() {
  return take(denoiser_, Kind::denoiser, [&] { return load_denoiser(bundle_, dtype_); });
}

Denoiser& Networks::label_denoiser() {
  return take(denoiser_, Kind::label_denoiser, [&] { return MaskModel(bundle_).load(dtype_); });
}

}  // namespace histoloom
