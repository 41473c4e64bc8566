// Does a model copy? A patch's grey pixels are correlated with the training images in eight
// orientations: four quarter turns, and those of the mirror image. A denoiser is shown its patches
// in all eight. The highest correlation is looked for in two ways:
//
// best_matches() compares patch with patch, pixel upon pixel (Niehues et al. 2024, "Using
// histopathology latent diffusion models as privacy-preserving dataset augmenters", section 2.5).
// A copy that is shifted by a few pixels against the training patch is not found.
//
// ShiftedSearch compares a patch with every window of its size in a training image. The highest
// normalised cross-correlation (Lewis 1995, "Fast normalized cross-correlation") finds a pasted
// region wherever it lies.
//
// Example: a patch of 256 px against an image of 512 × 512 px has 257 · 257 windows in eight
// orientations. At a quarter of the size there are 65 · 65 windows. One Fourier transform of 128 ×
// 128 gives the correlations of two patches with all these windows.
//
// A high value by itself says little: two patches with an edge at the same place correlate. Read a
// value next to those of held-out real patches.
#pragma once

#include <memory>
#include <vector>

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom {
class Progress;
}

namespace histoloom::evaluate {

struct Match {
  double correlation = 0;  // Pearson's coefficient, −1 to 1; 0 if a patch has a single grey value
  std::size_t training = 0;  // index of the training patch or image
  int quarter_turns = 0;     // turns of the patch, anticlockwise
  bool mirrored = false;     // whether the patch is mirrored left to right, before the turns
  PixelPoint place = {};     // upper left corner of the window in its image; 0, 0 for patches
};

// The best match of each patch. All patches are squares of one size, and at least one is a training
// patch.
// \error InternalError otherwise; Interrupted once `progress` asks to stop.
std::vector<Match> best_matches(Pictures patches, Pictures training,
                                const Progress* progress = nullptr);

struct ShiftedSearchOptions {
  // px a side that become one, by their mean; a patch must keep a multiple of 8.
  std::int64_t shrink = 4;
  std::size_t refined = 8;  // windows a patch that are looked at in full
  // Tells at every image and pair of patches whether to stop; null: never.
  const Progress* progress = nullptr;
};

// Looks for patches in one image after the other. All windows are compared at a reduced size. The
// best window of an image and orientation is compared in full if it is among the best `refined` so
// far. So are the windows up to `shrink` − 1 px away from that window. With shrink = 1 nothing is
// reduced.
//
// In memory: n² complex floats for two patches, n = 2 · side / shrink. The patches outlive the
// search. One thread at a time may call; the search runs on several itself, whose number changes no
// result.
class ShiftedSearch {
 public:
  // Takes squares of one size, whose side is a power of two. \error InternalError otherwise.
  explicit ShiftedSearch(Pictures patches, const ShiftedSearchOptions& options = {});
  ~ShiftedSearch();
  ShiftedSearch(const ShiftedSearch&) = delete;
  ShiftedSearch& operator=(const ShiftedSearch&) = delete;

  // Looks for every patch in an image with sides of one to two patches. Matches in the image have
  // this index, and places counted from `corner`. \error InternalError for other sizes;
  // Interrupted.
  void look_in(const Picture& image, std::size_t index, PixelPoint corner = {});
  // The best match of each patch so far; at least one image was looked in.
  std::vector<Match> matches() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Median, 95th percentile and maximum of the correlations.
struct MatchSummary {
  double median = 0, p95 = 0, maximum = 0;
};
MatchSummary summary_of(const std::vector<Match>& matches);

}  // namespace histoloom::evaluate
