#include "watched.h"

#include <vips/vips.h>

#include "histoloom/core/error.h"

namespace histoloom {

int Watched::pass_on(VipsRegion* out, void* source, void*, void* failure, gboolean*) {
  auto* in = static_cast<VipsRegion*>(source);
  VipsRect* area = &out->valid;
  if (vips_region_prepare(in, area) == 0)
    return vips_region_region(out, in, area, area->left, area->top);
  static_cast<Failure*>(failure)->raise();
  return -1;
}

Watched::Watched(VipsImage* image) : image_(vips_image_new()) {
  const bool made =
      vips_image_pipelinev(image_.get(), VIPS_DEMAND_STYLE_ANY, image, nullptr) == 0 &&
      vips_image_generate(image_.get(), vips_start_one, pass_on, vips_stop_one, image, &failure_) ==
          0;
  check_internal(made, "an image can't be watched: " + vips_says());
  // The image that is watched lives as long as this one.
  g_object_ref(image);
  g_object_set_data_full(G_OBJECT(image_.get()), "histoloom", image, g_object_unref);
}

}  // namespace histoloom
