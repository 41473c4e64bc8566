// The coarser stage's picture as the denoiser of a finer stage sees it (networks/context_spec.h).
//
// Samples are weighted means under a triangle that is as wide as two samples lie apart, or two
// pixels if that is more. Beyond the picture lies its border. A plane whose view is as large as the
// patch depends on the cell alone, so that crops which overlap see the same there.
#pragma once

#include <functional>

#include "histoloom/core/geometry.h"
#include "histoloom/core/noise.h"
#include "histoloom/networks/context_spec.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

// What a scene has besides its labels.
class ContextField {
 public:
  virtual ~ContextField() = default;
  virtual int channels() const = 0;
  // The planes of the patch of `side` × `side` cells at `corner` of the canvas: channels × side ×
  // side values. Any thread.
  virtual void read(LatentPoint corner, int side, float* out) const = 0;
  // The colours of the patch's cells without noise, from -1 (black) to 1 (white): 3 × side × side
  // values. Any thread.
  virtual void read_colours(LatentPoint corner, int side, float* out) const = 0;
};

// Three planes of a rectangle that lies inside the picture, from -1 (black) to 1 (white).
using ReadContextPicture = std::function<void(const PixelRect& rect, float* out)>;

// Where a patch lies on the coarser picture.
struct ContextPlace {
  double x = 0, y = 0;       // pixels of the picture at the patch's upper left corner
  double pixels_a_cell = 1;  // pixels of the picture along a cell
};

// Fills context_channels(spec) × side × side values. `noise`: the deviation of the noise that
// `read` adds, which one plane tells the network.
void fill_context(const ContextSpec& spec, PixelSize picture, const ReadContextPicture& read,
                  const ContextPlace& place, int side, double noise, float* out);

// Fills the colour of each cell of the patch, 3 × side × side values: the mean of the picture's
// pixels in it. If a cell is smaller than a pixel, it is interpolated.
void fill_colours(PixelSize picture, const ReadContextPicture& read, const ContextPlace& place,
                  int side, float* out);

// The picture of a coarser stage on disk.
class PictureContext final : public ContextField {
 public:
  // `picture` has three channels, a cell of it a pixel, values from 0 to 1; it outlives the context.
  // `corner`: of the canvas. The noise of `spec` depends on `seed` and the pixel alone.
  PictureContext(ContextSpec spec, const LatentArray& picture, ContextPlace corner,
                 std::uint64_t seed);

  int channels() const override { return context_channels(spec_); }
  void read(LatentPoint corner, int side, float* out) const override;
  void read_colours(LatentPoint corner, int side, float* out) const override;

 private:
  ContextPlace place_of(LatentPoint corner) const;
  PixelSize picture_size() const { return {picture_.size().width, picture_.size().height}; }
  void read_picture(const PixelRect& rect, float* out) const;
  void add_noise(const PixelRect& rect, float* out) const;

  ContextSpec spec_;
  const LatentArray& picture_;
  ContextPlace corner_;
  CounterNoise noise_;
};

}  // namespace histoloom
