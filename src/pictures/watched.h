// An image of libvips whose errors aren't lost. libvips 8.14 ends a run over an image when its last
// strip is handed out to a thread, and forgets an error that a thread meets after that: a damaged end
// comes out as pixels.
#pragma once

#include <mutex>

#include "histoloom/pictures/vips.h"

struct _VipsRegion;

namespace histoloom {

class Watched {
 public:
  // Shows `image`, of which it holds a reference.
  explicit Watched(VipsImage* image);

  // The image to run over, once; the watch outlives the run.
  VipsImage* image() const { return image_.get(); }
  // After the run: whether some pixels couldn't be made, whatever the run returned.
  bool failed() const { return failure_.is_raised(); }

 private:
  // Raised by threads of libvips. A lock, since a sanitizer sees none of libvips' own.
  class Failure {
   public:
    Failure() { set(false); }
    // Not before the last thread is through.
    ~Failure() { set(false); }
    Failure(const Failure&) = delete;
    Failure& operator=(const Failure&) = delete;
    void raise() { set(true); }
    bool is_raised() const {
      const std::lock_guard lock(mutex_);
      return raised_;
    }

   private:
    void set(bool raised) {
      const std::lock_guard lock(mutex_);
      raised_ = raised;
    }
    mutable std::mutex mutex_;
    bool raised_;
  };
  static int pass_on(_VipsRegion* out, void* source, void*, void* failure, int*);

  Failure failure_;
  VipsPtr<VipsImage> image_;
};

}  // namespace histoloom
