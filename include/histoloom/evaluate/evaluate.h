// An evaluation: synthetic images against real ones, and real ones against each other.
//
// Three sets of patches are compared. The reference is what both others are held against: held-out
// real images, or one half of the real sources if none are held out. The training set is the real
// images, or the other half. The synthetic set is what is judged. Every measure is given for
// synthetic against the reference, and for training against the reference: what two sets of real
// images differ by anyhow. Distances are taken between equally many patches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/core/progress.h"
#include "histoloom/evaluate/patch_source.h"
#include "histoloom/evaluate/report.h"
#include "histoloom/networks/autoencoder.h"
#include "histoloom/networks/feature_network.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom::evaluate {

inline constexpr std::int64_t kLatentFactor = 8;  // px a latent cell, if no model says

struct SeamPeriod {
  std::int64_t period = 0;  // px from line to line
  std::int64_t phase = 0;   // px of the first line
};

// "192" or "192+64" (period and phase). \error UserError for anything else.
SeamPeriod parse_seam_period(const std::string& text);

struct EvaluateOptions {
  std::vector<std::filesystem::path> real, synthetic, held_out;  // folders, images, slides
  std::int64_t patch = 256;                                      // side, px: a power of two
  std::int64_t patches = 256;                                    // patches in a set, at most
  std::int64_t training_patches = 1024;  // patches searched for copies, at most
  int directions = 512;                  // directions of the sliced Wasserstein distance
  int replicates = 100;                  // replicates of the bootstrap
  std::uint64_t seed = 0;
  int threads = 0;                 // threads that measure, which change no figure; 0: all cores
  std::filesystem::path features;  // a TorchScript feature network, networks/feature_network.h
  std::filesystem::path model;     // a bundle: its autoencoder is measured, its labels are known
  // Two names of the bundle's labels, to be told apart; masks lie beside images (mask_beside()).
  std::vector<std::string> classes;
  std::vector<SeamPeriod> seams;
  std::optional<std::int64_t> latent_factor;  // px a latent cell; missing: the model's, else 8
};

// Checks the options by themselves. \error UserError, naming the option, for values that make no
// sense.
void validate(const EvaluateOptions& options);

// Files in the folders of an option that are not taken.
struct PassedOverBy {
  const char* option;
  PassedOver files;
};

struct EvaluateInputs {
  PatchSources real, synthetic, held_out;
  std::vector<PassedOverBy> passed_over;
  std::unique_ptr<FeatureNetwork> network;   // network of `features`; null if none is named
  std::unique_ptr<Autoencoder> autoencoder;  // the bundle's autoencoder; null if none is named
  std::optional<LabelSet> labels;            // the bundle's labels
  std::int64_t latent_factor = kLatentFactor;
};

// Opens everything that is named. \error UserError for what can't be used: files, images on both
// real sides, grids of seams that no image holds. Images that state their microns a pixel may not
// differ in them by more than a tenth.
EvaluateInputs open_inputs(const EvaluateOptions& options);

// Makes sure that a report of this name takes no input's place. \error UserError for a file that
// was opened or passed over, a mask next to it, the feature network or a file of the bundle.
void require_no_input(const std::filesystem::path& report, const EvaluateOptions& options,
                      const EvaluateInputs& inputs);

// Takes all measures; what is likeliest to be refused comes before what takes long.
// \error UserError if images are damaged or hold too little tissue, or masks don't fit;
// Interrupted.
EvaluationReport evaluate(const EvaluateOptions& options, const EvaluateInputs& inputs,
                          Progress& progress);

}  // namespace histoloom::evaluate
