// The latents that the denoiser learns from: every image in eight orientations through the encoder,
// once, and kept in a folder where one is given.
//
// A file there, KEY.safetensors, holds one image: `latents.0` to `latents.7`, float16 [C, h, w],
// normalised. For a finer stage of a cascade it holds the coarser stage's pictures `picture.0` to
// `picture.7`, too. KEY is the SHA-256 of everything that they depend on: the image's pixels as they are
// encoded, the autoencoder's weights, architecture and configuration, the latents' statistics, and
// strength and seed of the augmentation. So a file is never out of date; one that is damaged, by
// the checksum in its metadata, is made again.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <string>
#include <vector>

#include "histoloom/bundle/bundle.h"
#include "histoloom/core/progress.h"
#include "histoloom/train/image_set.h"

namespace histoloom {

// An image's normalised latents and labels in one orientation.
struct CachedLatents {
  at::Tensor latents;  // float16 [C, h, w]
  at::Tensor labels;   // int64 [h, w]
  // The image in the coarser stage's pixels, from 0 to 1, float16 [3, H, W]; undefined if the
  // denoiser sees none.
  at::Tensor picture = {};
};

struct LatentOptions {
  std::filesystem::path folder;  // made where it is missing; empty: nothing is read or kept
  // Strength of stain augmentation, 0 to 1: every orientation of an image has stains of its own,
  // which depend on the image, the seed and the orientation alone. Glass keeps its colour.
  double augment = 0;
  std::uint64_t seed = 0;
  // Pixels along one of the coarser stage's picture; 0: none is made.
  double shrink = 0;
};

// SHA-256 of what an image's latents depend on beside the image.
std::string latent_settings(const ModelBundle& bundle, const LatentOptions& options);

// UserError, naming --latents, where the folder can't be made or written. Nothing is made.
void require_latent_folder(const std::filesystem::path& folder);

// The latents of all images, eight orientations of one after the other. The progress says how many
// images were read from the folder. UserError where the folder can't be made or written,
// Interrupted when the user stops it: what was encoded stays in the folder.
std::vector<CachedLatents> latents_of(const ModelBundle& bundle,
                                      const std::vector<TrainingImage>& images,
                                      const LatentOptions& options, Progress& progress);

}  // namespace histoloom
