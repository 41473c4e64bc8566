// How well an autoencoder gives a picture back.
#pragma once

#include "histoloom/evaluate/picture_ops.h"

namespace histoloom::evaluate {

// Peak signal-to-noise ratio over all samples, 10 · log10(255² / mean square error), in dB;
// infinite for equal pictures.
double psnr(const Picture& reference, const Picture& picture);

// Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003), the mean over the three
// channels. Each of five scales is the mean of 2 × 2 px of the one before; their weights are the
// published ones. Gaussian windows are of 11 × 11 px (deviation 1.5), only where they lie inside.
// Contrast and structure below 0 count as 0. Sides of at least 176 px. \error InternalError
// otherwise.
double ms_ssim(const Picture& reference, const Picture& picture);

}  // namespace histoloom::evaluate
