// An image of libvips whose errors aren't lost. libvips 8.14 ends a run over an image when its last
// strip is handed out to a thread, and forgets an error that a thread meets after that: a damaged end
// comes out as pixels.
#pragma once

#include <atomic>

#include "histoloom/pictures/vips.h"

namespace histoloom {

class Watched {
 public:
  // Shows `image`, of which it holds a reference.
  explicit Watched(VipsImage* image);

  // The image to run over, once; the watch outlives the run.
  VipsImage* image() const { return image_.get(); }
  // After the run: whether some pixels couldn't be made, whatever the run returned.
  bool failed() const { return failed_; }

 private:
  std::atomic<bool> failed_ = false;
  VipsPtr<VipsImage> image_;
};

}  // namespace histoloom
