#include "networks.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace histoloom {

Networks::Networks(const ModelBundle& bundle, DType dtype, Needs needs)
    : bundle_(bundle), dtype_(dtype) {
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
