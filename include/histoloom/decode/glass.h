// How bare glass looks, and where it lies on the slide.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "histoloom/core/geometry.h"

namespace histoloom {

// A faint fixed texture, slightly tinted, with the period of a tile in both directions. So every
// tile of bare glass has the same bytes and is stored once.
class GlassTexture {
 public:
  // Makes the texture, which is one for all slides and seeds. `period`: pixels, a multiple of 16
  // that is at least 16.
  explicit GlassTexture(int period);
  int period() const { return period_; }
  // Three bytes, RGB, of the slide's pixel (x, y).
  const std::uint8_t* at(std::int64_t x, std::int64_t y) const {
    return rgb_.data() + 3 * ((y % period_) * period_ + x % period_);
  }

 private:
  int period_;
  std::vector<std::uint8_t> rgb_;
};

// Tells the decoder where glass is drawn in place of decoded pixels.
class GlassField {
 public:
  virtual ~GlassField() = default;
  // Weights of glass for the cells of `rect`, which lies on the canvas, row by row. Weights are 0
  // in tissue and close to it, 1 where nothing but glass is seen, and fade from one to the other.
  virtual void weights(const LatentRect& rect, float* out) const = 0;
};

// A slide without glass.
class NoGlass final : public GlassField {
 public:
  void weights(const LatentRect& rect, float* out) const override {
    std::fill(out, out + rect.area(), 0.0f);
  }
};

// All that the decoder needs to know of glass; the field and the texture outlive it.
struct BareGlass {
  const GlassField& field;
  const GlassTexture& texture;
  std::vector<float> latent;  // one normalised value a channel, in place of NaN latents
};

}  // namespace histoloom
