#include "canvas.h"

#include <fmt/format.h>
#include <vips/vips.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/labels/vips.h"

namespace histoloom {

namespace {

struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};

// The text's coverage, one byte a pixel, and its size.
struct Glyphs {
  PixelSize size;
  std::vector<std::uint8_t> coverage;
};

Glyphs glyphs_of(const std::string& line) {
  start_vips();
  const std::unique_ptr<char, GFree> escaped(g_markup_escape_text(line.c_str(), -1));
  VipsImage* image = nullptr;
  // 72 dots an inch: points are pixels.
  if (vips_text(&image, escaped.get(), "font", "sans 13", "dpi", 72, nullptr) != 0)
    throw UserError(fmt::format("the text '{}' can't be drawn: {}", line, vips_says()));
  const VipsPtr<VipsImage> owned(image);
  std::size_t bytes = 0;
  const std::unique_ptr<void, GFree> memory(vips_image_write_to_memory(image, &bytes));
  check_internal(memory != nullptr, "libvips can't draw text");
  const auto* first = static_cast<const std::uint8_t*>(memory.get());
  return {{vips_image_get_width(image), vips_image_get_height(image)}, {first, first + bytes}};
}

}  // namespace

Canvas::Canvas(PixelSize size)
    : picture_{size, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.area()), 255)} {}

Colour Canvas::at(PixelPoint p) const {
  const auto* rgb = &picture_.rgb[static_cast<std::size_t>(3 * (p.y * picture_.size.width + p.x))];
  return {rgb[0], rgb[1], rgb[2]};
}

void Canvas::blend(PixelPoint p, Colour colour, int share) {
  if (p.x < 0 || p.y < 0 || p.x >= picture_.size.width || p.y >= picture_.size.height) return;
  auto* rgb = &picture_.rgb[static_cast<std::size_t>(3 * (p.y * picture_.size.width + p.x))];
  for (std::size_t c = 0; c < 3; ++c)
    rgb[c] = static_cast<std::uint8_t>((rgb[c] * (255 - share) + colour[c] * share + 127) / 255);
}

void Canvas::fill(const PixelRect& rect, Colour colour) {
  for (std::int64_t y = rect.y0; y < rect.y1; ++y)
    for (std::int64_t x = rect.x0; x < rect.x1; ++x) blend({x, y}, colour, 255);
}

void Canvas::line(PixelPoint from, PixelPoint to, std::int64_t width, Colour colour) {
  const std::int64_t dx = to.x - from.x, dy = to.y - from.y;
  const std::int64_t steps = std::max<std::int64_t>(1, std::max(std::abs(dx), std::abs(dy)));
  for (std::int64_t i = 0; i <= steps; ++i) {
    const std::int64_t x = from.x + dx * i / steps, y = from.y + dy * i / steps;
    fill({x - (width - 1) / 2, y - (width - 1) / 2, x + width / 2 + 1, y + width / 2 + 1}, colour);
  }
}

void Canvas::place(const Picture& picture, PixelPoint at, std::int64_t scale) {
  for (std::int64_t y = 0; y < picture.size.height * scale; ++y)
    for (std::int64_t x = 0; x < picture.size.width * scale; ++x) {
      const auto* rgb =
          &picture.rgb[static_cast<std::size_t>(3 * (y / scale * picture.size.width + x / scale))];
      blend({at.x + x, at.y + y}, {rgb[0], rgb[1], rgb[2]}, 255);
    }
}

void Canvas::text(const std::string& line, PixelPoint at, Colour colour, Anchor anchor) {
  const Glyphs glyphs = glyphs_of(line);
  const std::int64_t shift = anchor == Anchor::left     ? 0
                             : anchor == Anchor::centre ? glyphs.size.width / 2
                                                        : glyphs.size.width;
  for (std::int64_t y = 0; y < glyphs.size.height; ++y)
    for (std::int64_t x = 0; x < glyphs.size.width; ++x)
      blend({at.x - shift + x, at.y + y}, colour,
            glyphs.coverage[static_cast<std::size_t>(y * glyphs.size.width + x)]);
}

void Canvas::save(const std::filesystem::path& path) const {
  start_vips();
  const VipsPtr<VipsImage> image(vips_image_new_from_memory(
      picture_.rgb.data(), picture_.rgb.size(), static_cast<int>(picture_.size.width),
      static_cast<int>(picture_.size.height), 3, VIPS_FORMAT_UCHAR));
  check_internal(image != nullptr, "libvips can't take a picture");
  void* bytes = nullptr;
  std::size_t size = 0;
  const int code = vips_pngsave_buffer(image.get(), &bytes, &size, nullptr);
  const std::unique_ptr<void, GFree> owned(bytes);
  check_internal(code == 0, "libvips can't make a PNG");
  replace_file(path, {static_cast<const char*>(bytes), size});
}

}  // namespace histoloom
