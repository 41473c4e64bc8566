// How far the autoencoder's pictures are from the real ones.
#pragma once

#include <ATen/ATen.h>

namespace histoloom {

// The 64 orthonormal 8×8 DCT patterns as a convolution's weights [64, 1, 8, 8].
at::Tensor dct_patterns();

// The images [B, C, H, W] without 16 px on every side. Power must not be measured there: a network
// knows the border by its padding, and learns to put all the power that its loss asks for into the
// outermost pixels, where it costs the other terms least.
at::Tensor without_border(const at::Tensor& images);

// How the powers of an image's blocks are pooled.
enum class PowerMean {
  arithmetic,
  // No few bright pixels can make up for texture that all the other blocks lack.
  geometric,
};

// Mean power of the 64 DCT bands of each image and channel: [B·3, 64], of images [B, 3, H, W].
at::Tensor band_power(const at::Tensor& image, const at::Tensor& patterns,
                      PowerMean mean = PowerMean::arithmetic);

// |log power| of a over b, each band. The floor is what rounding to 8 bits alone has in a band.
at::Tensor log_power_error(const at::Tensor& a, const at::Tensor& b);

// L1 of pixels + 0.5 · L1 of gradients + 0.01 · L1 of the log power of DCT bands within the
// border, a scalar.
at::Tensor reconstruction_loss(const at::Tensor& back, const at::Tensor& image,
                               const at::Tensor& patterns, PowerMean mean = PowerMean::arithmetic);

// How unlike the places of an 8 x 8 px cell are in `back` [B, 3, H, W], within the border, where
// those of `image` are alike. Of the difference between a pixel and its eight neighbours: |log| of
// a place's root mean square over the geometric mean of all places', in one image against the
// other; and the distance of the place's means, over its root mean square in `image`. One dot in
// every cell has the power that the bands ask for, however it is pooled; here it shows.
at::Tensor place_error(const at::Tensor& back, const at::Tensor& image);

// Images or latents [B, C, H, W] at half their scale, in another orientation (crops.h).
at::Tensor halved(const at::Tensor& t, int orientation);

}  // namespace histoloom
