// The networks that a bundle describes.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/registry.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/pixel_range.h"
#include "with_weights.h"

namespace histoloom {

namespace {

std::string network_place(const ModelBundle& bundle, const char* network) {
  return fmt::format("{}: {}", (bundle.directory / "model.json").string(), bundle.key_of(network));
}

void check_shape(const ModelBundle& bundle, const char* network, const char* what, int got,
                 int expected) {
  if (got != expected)
    throw UserError(fmt::format("{} has {} {}, model.json says {}", network_place(bundle, network),
                                what, got, expected));
}

// Glass is never painted, so a network that sees one label at a time never meets it.
void check_label_ids(const ModelBundle& bundle, const Denoiser& denoiser) {
  const int known = denoiser.labels();
  for (const Label& label : bundle.labels.labels()) {
    const bool unseen = denoiser.one_evaluation_per_label() && label.id == bundle.labels.glass();
    if (label.id >= known && !unseen)
      throw UserError(fmt::format("{} knows the label ids 0 to {}, model.json has {}",
                                  network_place(bundle, "denoiser"), known - 1, label.id));
  }
}

}  // namespace

DiffusionModel ModelBundle::image() const {
  return {.name = is_coarser ? stage + " latents" : "latents",
          .channels = latent.channels,
          .patch = patch,
          .batch = batch,
          .schedule = NoiseSchedule::of(schedule),
          .prediction = prediction,
          .clip = clip,
          .context = context,
          .colours = latent.colours};
}

void check_denoiser(const ModelBundle& bundle, const Denoiser& denoiser) {
  check_shape(bundle, "denoiser", "latent channels", denoiser.channels(), bundle.latent.channels);
  check_shape(bundle, "denoiser", "context planes", denoiser.context_channels(),
              bundle.context ? context_channels(*bundle.context) : 0);
  check_label_ids(bundle, denoiser);
  if (bundle.patch % denoiser.alignment() != 0)
    throw UserError(fmt::format("{}: 'patch' must be a multiple of {}, got {}",
                                network_place(bundle, "denoiser"), denoiser.alignment(),
                                bundle.patch));
}

std::unique_ptr<Denoiser> make_denoiser(const ModelBundle& bundle) {
  auto network = make_denoiser(bundle.denoiser.architecture, bundle.denoiser.config_json,
                               network_place(bundle, "denoiser"));
  check_denoiser(bundle, *network);
  return network;
}

std::unique_ptr<Denoiser> load_denoiser(const ModelBundle& bundle, DType dtype) {
  return with_weights(make_denoiser(bundle), bundle, bundle.denoiser, dtype);
}

std::unique_ptr<Autoencoder> make_autoencoder(const ModelBundle& bundle) {
  auto network = make_autoencoder(bundle.autoencoder.architecture, bundle.autoencoder.config_json,
                                  network_place(bundle, "autoencoder"));
  check_shape(bundle, "autoencoder", "latent channels", network->channels(),
              bundle.latent.channels);
  check_shape(bundle, "autoencoder", "a downsampling of", network->downsampling(),
              bundle.latent.downsampling);
  if (bundle.pixel_range == std::array<double, 2>{0, 1}) return network;
  return with_pixel_range(std::move(network), bundle.pixel_range);
}

std::unique_ptr<Autoencoder> load_autoencoder(const ModelBundle& bundle, DType dtype) {
  return with_weights(make_autoencoder(bundle), bundle, bundle.autoencoder, dtype);
}

}  // namespace histoloom
