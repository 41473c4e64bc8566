// A picture in coarser pixels than its own: what a network sees that was made for another scale.
//
// Example: a slide of 5121 × 4000 px with 0.25 microns a pixel, for a network of 0.5, is shrunk by
// 2 to 2560 × 2000 px. The rectangle [100, 200) × [0, 100) of the shrunk picture is 200 × 200 px
// from (200, 0) on at full resolution. These come from the coarsest level that shrinks by 2 or
// less, and are resized to 100 × 100 px by a Lanczos kernel.
#pragma once

#include "histoloom/pictures/open_picture.h"

namespace histoloom {

class ScaledPicture {
 public:
  // Shows `file`, which outlives the picture. `shrink`, 1 or more: pixels of the file along a pixel
  // of this picture.
  ScaledPicture(PictureFile& file, double shrink) : file_(file), shrink_(shrink) {}

  // The last column and row may be cut off.
  PixelSize size() const;

  // The pixels of `rect`, which lies inside. \error UserError if the file turns out to be damaged.
  Picture region(const PixelRect& rect) const;

  // The pixels of `rect` from the coarsest level that shrinks by at most `by` more, in that level's
  // pixels or a little coarser. Quick, but no size is promised.
  Picture overview(const PixelRect& rect, double by) const;

 private:
  PictureFile& file_;
  double shrink_;
};

}  // namespace histoloom
