#include "id_image.h"

#include <fmt/format.h>
#include <vips/vips.h>

#include <array>
#include <cstdint>
#include <string>

#include "decoded.h"
#include "histoloom/core/error.h"
#include "histoloom/pictures/png_indices.h"
#include "refusals.h"
#include "tiff_source.h"
#include "truncation.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCureOfMask = "save it with one band of 8 bits whose values are label ids";

// The name of a code that loses values, empty for others: of a TIFF's compression.
std::string_view lossy_code(int compression) {
  switch (compression) {
    case 6:
    case 7:
    case 34892:
      return "JPEG";
    case 33003:
    case 33004:
    case 33005:
    case 34712:
      return "JPEG 2000";
    case 50001:
      return "WebP";
    default:
      return {};
  }
}

// Of what libvips found.
std::string_view lossy_code(std::string_view loader) {
  struct Code {
    std::string_view loader, name;
  };
  for (const Code& code :
       {Code{"jpegload", "JPEG"}, Code{"jp2kload", "JPEG 2000"}, Code{"webpload", "WebP"},
        Code{"heifload", "HEIF"}, Code{"jxlload", "JPEG XL"}})
    if (loader.starts_with(code.loader)) return code.name;
  return {};
}

[[noreturn]] void refuse_lossy(const fs::path& path, std::string_view code) {
  throw UserError(
      fmt::format("mask {} is stored as {}, which invents classes; save it as PNG, or as TIFF "
                  "without loss, from what it was made of",
                  path.string(), code));
}

void require_lossless_loader(const fs::path& path, VipsImage* image) {
  const char* loader = "";
  if (vips_image_get_typeof(image, VIPS_META_LOADER) != 0)
    vips_image_get_string(image, VIPS_META_LOADER, &loader);
  if (const std::string_view code = lossy_code(std::string_view(loader)); !code.empty())
    refuse_lossy(path, code);
}

void require_lossless_tiff(const pyramid::TiffFile& file) {
  const std::string_view code = lossy_code(file.chain[0].compression);
  if (!code.empty()) refuse_lossy(file.path, code);
}

// An optimiser of PNGs makes such a palette of a grey mask, a painting program of a grey one.
void require_plain_palette(const fs::path& path, bool odd_greys) {
  if (!odd_greys) return;
  throw UserError(
      fmt::format("mask {} has a palette whose greys aren't its indices, as programs that make "
                  "PNGs smaller leave of ids: which of both are the ids is not known; save it in "
                  "grey without a palette, as 'vips extract_band {} grey.png 0' does if the greys "
                  "are the ids",
                  path.string(), path.string()));
}

// Divides values that libvips stretched from `bits` to 0 … 255.
VipsPtr<VipsImage> unstretched(VipsPtr<VipsImage> image, int bits, const fs::path& path) {
  if (bits >= 8) return image;
  const int stretch = 255 / ((1 << bits) - 1);
  std::array<std::uint8_t, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = static_cast<std::uint8_t>(static_cast<int>(i) / stretch);
  const VipsPtr<VipsImage> lookup(
      vips_image_new_from_memory_copy(table.data(), table.size(), 256, 1, 1, VIPS_FORMAT_UCHAR));
  VipsImage* out = nullptr;
  const int code = vips_maplut(image.get(), &out, lookup.get(), nullptr);
  return taken(code, out, path);
}

struct OpenedIds {
  VipsPtr<VipsImage> image;
  int bits = 8;
};

OpenedIds open_png_ids(const fs::path& path, const PngEncoding& png) {
  if (!png.indexed) return {open_vips_image(path), png.bit_depth};
  require_plain_palette(path, png.odd_greys);
  return {open_vips_buffer(indexed_png_as_grey(path)), png.bit_depth};
}

OpenedIds open_tiff_ids(const fs::path& path) {
  const pyramid::TiffFile file = pyramid::read_tiff(path);
  require_whole(file);
  require_one_image(file);
  require_lossless_tiff(file);
  require_plain_palette(path, has_odd_grey_palette(file));
  const pyramid::TiffImage& first = file.chain[0];
  return {open_directory(file, first, TiffContent::ids, /*sequential=*/true),
          first.samples == 1 ? first.bits_per_sample() : 8};
}

OpenedIds open_stored(const fs::path& path) {
  if (const auto png = read_png_encoding(path)) return open_png_ids(path, *png);
  if (is_tiff(path)) return open_tiff_ids(path);
  return {open_vips_image(path), 8};
}

}  // namespace

void require_lossless(const fs::path& path) {
  if (is_tiff(path)) return require_lossless_tiff(pyramid::read_tiff(path));
  const VipsPtr<VipsImage> image = open_vips_image(path);
  if (!image) refuse_damaged(path, vips_says());
  require_lossless_loader(path, image.get());
}

VipsPtr<VipsImage> open_ids(const fs::path& path, std::string_view or_else) {
  OpenedIds opened = open_stored(path);
  if (!opened.image) refuse_damaged(path, vips_says());
  VipsImage* image = opened.image.get();
  require_lossless_loader(path, image);
  require_one_upright(image, path);
  if (vips_image_get_bands(image) != 1)
    throw UserError(fmt::format("mask {} has {} bands; {}{}", path.string(),
                                vips_image_get_bands(image), kCureOfMask, or_else));
  if (vips_image_get_format(image) != VIPS_FORMAT_UCHAR)
    throw UserError(fmt::format("mask {} has pixels of type {}; {}", path.string(),
                                vips_enum_nick(VIPS_TYPE_BAND_FORMAT, vips_image_get_format(image)),
                                kCureOfMask));
  return unstretched(std::move(opened.image), opened.bits, path);
}

}  // namespace histoloom
