// Does a model copy? The highest correlation of a patch's grey pixels with any training patch
// (Niehues et al. 2024, "Using histopathology latent diffusion models as privacy-preserving dataset
// augmenters", section 2.5), over the eight orientations in which a denoiser is shown its patches:
// four quarter turns, and those of the mirror image.
//
// A high value by itself says little: two patches with an edge at the same place correlate. It is
// to be read beside the same for held-out real patches. Copies that are shifted are not found.
#pragma once

#include <vector>

#include "histoloom/evaluate/picture.h"

namespace histoloom {
class Progress;
}

namespace histoloom::evaluate {

struct Match {
  double correlation = 0;    // Pearson's, −1 to 1; 0 where a patch has a single grey value
  std::size_t training = 0;  // index of the training patch
  int quarter_turns = 0;     // of the patch, anticlockwise
  bool mirrored = false;     // left to right, before the turns
};

// The best match of each patch. All are squares of one size; at least one training patch.
// \error InternalError otherwise; Interrupted once `progress` asks to stop.
std::vector<Match> best_matches(Pictures patches, Pictures training,
                                const Progress* progress = nullptr);

// Median, 95th percentile and maximum of the correlations.
struct MatchSummary {
  double median = 0, p95 = 0, maximum = 0;
};
MatchSummary summary_of(const std::vector<Match>& matches);

}  // namespace histoloom::evaluate
