#include "refusals.h"

#include <fmt/format.h>
#include <vips/vips.h>

#include "decoded.h"
#include "histoloom/core/error.h"
#include "histoloom/pictures/open_picture.h"

namespace histoloom {

void refuse_damaged(const std::filesystem::path& path, std::string_view why) {
  throw UserError(fmt::format("{} can't be read as an image, it may be damaged ({})", path.string(),
                              one_line(why)));
}

void require_unchanged(bool unchanged, const std::filesystem::path& path) {
  if (!unchanged) throw UserError(fmt::format("{}: has changed while it was read", path.string()));
}

void require_one_upright(VipsImage* image, const std::filesystem::path& path) {
  if (const int turn = vips_image_get_orientation(image); turn > 1)
    throw UserError(
        fmt::format("{}: is turned by its orientation tag ({}), which some programs follow and "
                    "others don't; turn it first, as 'vips autorot {} turned.png' does",
                    path.string(), turn, path.string()));
  const char* loader = "";
  if (vips_image_get_typeof(image, VIPS_META_LOADER) != 0)
    vips_image_get_string(image, VIPS_META_LOADER, &loader);
  const int pages = vips_image_get_n_pages(image);
  if (pages > 1 && !std::string_view(loader).starts_with("tiff"))
    throw UserError(fmt::format(
        "{}: holds {} images; one is needed: take it first, as 'vips copy {}[page=0] one.png' does",
        path.string(), pages, path.string()));
}

void require_8_bits(VipsImage* image, const std::filesystem::path& path) {
  const VipsBandFormat format = vips_image_get_format(image);
  if (format == VIPS_FORMAT_UCHAR) return;
  throw UserError(
      fmt::format("{}: has samples of type {}, must have 8 bits (uchar); convert it first, as with "
                  "'vips cast'",
                  path.string(), vips_enum_nick(VIPS_TYPE_BAND_FORMAT, format)));
}

void require_rgb(const std::filesystem::path& path, int channels) {
  if (channels == 3) return;
  throw UserError(
      fmt::format("{}: must have the three bands RGB, got {}", path.string(), channels));
}

void require_grey_or_rgb(VipsImage* image, const std::filesystem::path& path) {
  const int bands = vips_image_get_bands(image);
  const VipsInterpretation space = vips_image_get_interpretation(image);
  const bool odd = space == VIPS_INTERPRETATION_LAB || space == VIPS_INTERPRETATION_CMYK;
  if ((bands == 1 || bands == 3 || has_alpha(image)) && !odd) return;
  throw UserError(
      fmt::format("{}: has {} channels ({}), must have 1 or 3 (grey or RGB); convert it first",
                  path.string(), bands, vips_enum_nick(VIPS_TYPE_INTERPRETATION, space)));
}

}  // namespace histoloom
