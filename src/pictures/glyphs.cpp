#include "histoloom/pictures/glyphs.h"

#include <fmt/format.h>
#include <vips/vips.h>

#include <memory>

#include "histoloom/core/error.h"
#include "histoloom/pictures/vips.h"

namespace histoloom {

Picture glyphs_of(const std::string& line) {
  start_vips();
  const std::unique_ptr<char, decltype(&g_free)> escaped(g_markup_escape_text(line.c_str(), -1),
                                                         g_free);
  VipsImage* image = nullptr;
  // 72 dots an inch: points are pixels.
  if (vips_text(&image, escaped.get(), "font", "sans 13", "dpi", 72, nullptr) != 0)
    throw UserError(fmt::format("the text '{}' can't be drawn: {}", line, vips_says()));
  const VipsPtr<VipsImage> owned(image);
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> memory(vips_image_write_to_memory(image, &bytes),
                                                        g_free);
  check_internal(memory != nullptr, "libvips can't draw text");
  const auto* first = static_cast<const std::uint8_t*>(memory.get());
  return {{vips_image_get_width(image), vips_image_get_height(image)}, {first, first + bytes}, 1};
}

}  // namespace histoloom
