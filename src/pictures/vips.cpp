#include "histoloom/pictures/vips.h"

#include <vips/vips.h>

#include "histoloom/core/error.h"
#include "histoloom/pyramid/libtiff_log.h"
#include "tiff_source.h"
#include "truncation.h"

namespace histoloom {

namespace {

void discard_log(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

bool start_quietly() {
  // OpenSlide and libvips would have libtiff print; libvips then sets handlers of its own.
  pyramid::silence_libtiff();
  const bool good = VIPS_INIT("histoloom") == 0;
  const auto levels = static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL);
  for (const char* domain : {"VIPS", "Openslide", "GLib"}) {
    g_log_set_handler(domain, levels, discard_log, nullptr);
  }
  vips_cache_set_max(0);
  return good;
}

// A TIFF in which libvips wouldn't read what its pixels are; null for all others.
VipsPtr<VipsImage> open_mended(const std::filesystem::path& path, bool& mended) {
  if (!is_tiff(path)) return nullptr;
  try {
    const pyramid::TiffFile file = pyramid::read_tiff(path);
    mended = needs_mending(file.chain[0]);
    return mended ? open_directory(file, file.chain[0], TiffContent::picture, /*sequential=*/true)
                  : nullptr;
  } catch (const UserError&) {  // libvips will say what is wrong
    mended = false;
    return nullptr;
  }
}

void free_bytes(void* bytes) { delete static_cast<std::string*>(bytes); }

VipsPtr<VipsImage> open_source(VipsSource* from, bool tiff) {
  const VipsPtr<VipsSource> source(from);
  if (!source) return nullptr;
  if (!tiff)
    return VipsPtr<VipsImage>(vips_image_new_from_source(source.get(), "", "access",
                                                         VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                                         VIPS_FAIL_ON_ERROR, nullptr));
  // libvips would hand a damaged TIFF to ImageMagick, which leaves libtiff an error handler with a
  // pointer to freed memory: OpenSlide's next error would call it.
  VipsImage* out = nullptr;
  vips_tiffload_source(source.get(), &out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                       VIPS_FAIL_ON_ERROR, nullptr);
  return VipsPtr<VipsImage>(out);
}

}  // namespace

void VipsUnref::operator()(void* object) const { g_object_unref(object); }

void start_vips() {
  static const bool started = start_quietly();
  check_internal(started, "libvips can't be started");
}

std::string vips_says() {
  std::string text = vips_error_buffer();
  vips_error_clear();
  text = text.substr(0, text.find('\n'));
  return text.empty() ? "no reason given" : text;
}

VipsPtr<VipsImage> open_vips_image(const std::filesystem::path& path) {
  start_vips();
  bool mended = false;
  if (VipsPtr<VipsImage> image = open_mended(path, mended); image || mended) return image;
  // Through a source, since libvips takes a '[' in a file's name for its own options.
  return open_source(vips_source_new_from_file(path.c_str()), is_tiff(path));
}

VipsPtr<VipsImage> open_vips_buffer(std::string bytes) {
  start_vips();
  const bool tiff = starts_as_tiff(bytes);
  auto* kept = new std::string(std::move(bytes));
  VipsSource* source = vips_source_new_from_memory(kept->data(), kept->size());
  g_object_set_data_full(G_OBJECT(source), "histoloom", kept, free_bytes);
  return open_source(source, tiff);
}

}  // namespace histoloom
