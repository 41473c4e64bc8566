// An evaluation: synthetic images beside real ones, and real ones beside each other.
//
// Three sets of patches are compared. The reference is what both others are held against: held-out
// real images, or one half of the real sources where none are held out. The training set is the
// real images, or the other half; synthetic is what is judged. Every measure is given for synthetic
// against the reference, beside training against the reference: what two sets of real images differ
// by anyhow. Distances are taken between equally many patches.
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

inline constexpr std::int64_t kLatentFactor = 8;  // px a latent cell, where no model says

struct SeamPeriod {
  std::int64_t period = 0;  // px
  std::int64_t phase = 0;   // px, of the first line
};

// "192" or "192+64" (period and phase). \error UserError for anything else.
SeamPeriod parse_seam_period(const std::string& text);

struct EvaluateOptions {
  std::vector<std::filesystem::path> real, synthetic, held_out;  // folders, images, slides
  std::int64_t patch = 256;                                      // side, px: a power of two
  std::int64_t patches = 256;                                    // a set, at most
  std::int64_t training_patches = 1024;                          // searched for copies, at most
  int directions = 512;  // of the sliced Wasserstein distance
  int replicates = 100;  // of the bootstrap
  std::uint64_t seed = 0;
  std::filesystem::path features;  // a TorchScript feature network, model/feature_network.h
  std::filesystem::path model;     // a bundle: its autoencoder is measured, its labels are known
  // Two names of the bundle's labels, to be told apart; masks lie beside images (mask_beside()).
  std::vector<std::string> classes;
  std::vector<SeamPeriod> seams;
  std::optional<std::int64_t> latent_factor;  // px a latent cell; the model's, else 8
};

// \error UserError, naming the option, for values that make no sense.
void validate(const EvaluateOptions& options);

// Files in the folders of an option that are not taken.
struct PassedOverBy {
  const char* option;
  PassedOver files;
};

struct EvaluateInputs {
  PatchSources real, synthetic, held_out;
  std::vector<PassedOverBy> passed_over;
  std::unique_ptr<FeatureNetwork> network;   // null where none is named
  std::unique_ptr<Autoencoder> autoencoder;  // the bundle's; null where none is named
  std::optional<LabelSet> labels;            // the bundle's
  std::int64_t latent_factor = kLatentFactor;
};

// Opens everything that is named. \error UserError for what can't be used: files, images on both
// real sides, images whose microns a pixel differ by more than a tenth (of those that state them),
// grids of seams that no image holds.
EvaluateInputs open_inputs(const EvaluateOptions& options);

// \error UserError where a report of this name would take the place of a file that was opened or
// passed over, of a mask beside it, of the feature network or of the bundle's.
void require_no_input(const std::filesystem::path& report, const EvaluateOptions& options,
                      const EvaluateInputs& inputs);

// What is likeliest to be refused comes before what takes long. \error UserError where images are
// damaged or hold too little tissue, or masks don't fit; Interrupted.
EvaluationReport evaluate(const EvaluateOptions& options, const EvaluateInputs& inputs,
                          Progress& progress);

}  // namespace histoloom::evaluate
