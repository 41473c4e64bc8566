// Pictures on disk for the tests of this room, written by libvips.
#pragma once

#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "histoloom/core/picture.h"
#include "histoloom/pictures/vips.h"
#include "support/scratch.h"

namespace histoloom {

// Another value for every sample, without a pattern that a codec could guess.
inline Picture noise_picture(PixelSize size, int channels) {
  Picture out{size, {}, channels};
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(size.area() * channels); ++i)
    out.samples.push_back(static_cast<std::uint8_t>((i * 2654435761u) >> 24));
  return out;
}

struct ImageOnDisk {
  VipsBandFormat format = VIPS_FORMAT_UCHAR;
  VipsInterpretation space = VIPS_INTERPRETATION_sRGB;
  double mpp = 0;                // by the resolution tags; 0: none
  std::string description = {};  // ImageDescription of a TIFF
};

// `target` may end in libvips' options: "a.tif[tile,pyramid]". Returns the path without them.
inline std::filesystem::path save_image(const ScratchDirectory& folder, const std::string& target,
                                        const Picture& picture, const ImageOnDisk& as = {}) {
  start_vips();
  const PictureView view = picture.view();
  const VipsPtr<VipsImage> memory(vips_image_new_from_memory(
      view.data, picture.samples.size(), static_cast<int>(view.size.width),
      static_cast<int>(view.size.height), view.channels, VIPS_FORMAT_UCHAR));
  VipsImage* out = nullptr;
  EXPECT_EQ(vips_cast(memory.get(), &out, as.format, nullptr), 0);
  const VipsPtr<VipsImage> cast(out);
  const double pixels_a_mm = as.mpp > 0 ? 1000 / as.mpp : 1;
  EXPECT_EQ(vips_copy(cast.get(), &out, "interpretation", as.space, "xres", pixels_a_mm, "yres",
                      pixels_a_mm, nullptr),
            0);
  const VipsPtr<VipsImage> image(out);
  if (!as.description.empty())
    vips_image_set_string(out, VIPS_META_IMAGEDESCRIPTION, as.description.c_str());
  EXPECT_EQ(vips_image_write_to_file(out, (folder / target).c_str(), nullptr), 0)
      << vips_error_buffer();
  return folder / target.substr(0, target.find('['));
}

}  // namespace histoloom
