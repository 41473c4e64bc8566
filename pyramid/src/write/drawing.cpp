#include "drawing.h"

#include <algorithm>

#include "font.h"

namespace histoloom::pyramid {
namespace {

constexpr Colour kPaper{250, 249, 243};
constexpr Colour kInk{24, 26, 38};
constexpr Colour kWarning{178, 32, 40};
constexpr Colour kTable{206, 208, 212};
constexpr Colour kGlass{238, 240, 243};
constexpr Colour kFrame{40, 150, 80};

void frame(Raster& image, const Place& p, std::int64_t width, Colour colour) {
  fill(image, {p.x, p.y, p.width, width}, colour);
  fill(image, {p.x, p.y + p.height - width, p.width, width}, colour);
  fill(image, {p.x, p.y, width, p.height}, colour);
  fill(image, {p.x + p.width - width, p.y, width, p.height}, colour);
}

void paste(Raster& image, const Raster& part, std::int64_t x, std::int64_t y) {
  for (std::int64_t row = 0; row < part.height; ++row) {
    const Block line = part.rows(row, 1);
    std::copy_n(line.data, part.stride(), image.row(y + row) + x * 3);
  }
}

// The largest scale up to `most` at which `text` is at most `width` px wide.
int scale_for(std::string_view text, std::int64_t width, int most) {
  const auto dots = static_cast<std::int64_t>(6 * std::max<std::size_t>(text.size(), 1));
  return static_cast<int>(std::clamp<std::int64_t>(width / dots, 1, most));
}

// `in` scaled to fit into a box, its shape kept.
Raster fit(const Raster& in, std::int64_t width, std::int64_t height) {
  const double scale = std::min(static_cast<double>(width) / static_cast<double>(in.width),
                                static_cast<double>(height) / static_cast<double>(in.height));
  const auto side = [scale](std::int64_t n, std::int64_t most) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(n) * scale), 1,
                                    most);
  };
  return resize(in, side(in.width, width), side(in.height, height));
}

}  // namespace

void fill(Raster& image, const Place& place, Colour colour) {
  const std::int64_t x1 = std::min(place.x + place.width, image.width);
  const std::int64_t y1 = std::min(place.y + place.height, image.height);
  for (std::int64_t y = std::max<std::int64_t>(place.y, 0); y < y1; ++y) {
    for (std::int64_t x = std::max<std::int64_t>(place.x, 0); x < x1; ++x) {
      std::copy(colour.begin(), colour.end(), image.row(y) + 3 * x);
    }
  }
}

void draw_text(Raster& image, std::int64_t x, std::int64_t y, int scale, std::string_view text,
               Colour colour) {
  for (const char c : text) {
    const Glyph& glyph = glyph_of(c);
    for (int row = 0; row < 7; ++row) {
      for (int column = 0; column < 5; ++column) {
        if ((glyph[static_cast<std::size_t>(row)] >> (4 - column) & 1) == 0) continue;
        fill(image, {x + column * scale, y + row * scale, scale, scale}, colour);
      }
    }
    x += 6 * scale;
  }
}

Raster draw_label(const std::vector<std::string>& lines, bool synthetic) {
  constexpr std::int64_t kSide = 400;
  constexpr std::int64_t kMargin = 24;
  constexpr std::int64_t kWidth = kSide - 2 * kMargin;
  Raster label(kSide, kSide, 3, 0);
  fill(label, {0, 0, kSide, kSide}, kPaper);
  frame(label, {6, 6, kSide - 12, kSide - 12}, 3, kInk);

  std::int64_t y = kMargin;
  if (synthetic) {
    constexpr std::string_view kWord = "SYNTHETIC";
    const int scale = scale_for(kWord, kWidth, 8);
    draw_text(label, kMargin, y, scale, kWord, kWarning);
    y += 8 * scale + 12;
    fill(label, {kMargin, y, kWidth, 3}, kInk);
    y += 19;
  }
  for (const std::string& line : lines) {
    const int scale = scale_for(line, kWidth, 4);
    if (y + 7 * scale > kSide - kMargin) break;
    const auto letters = static_cast<std::size_t>(kWidth / (6 * scale));
    draw_text(label, kMargin, y, scale, std::string_view(line).substr(0, letters), kInk);
    y += 11 * scale;
  }
  return label;
}

Raster draw_macro(const Raster& label, const Raster& preview) {
  Raster macro(1280, 430, 3, 0);
  fill(macro, {0, 0, macro.width, macro.height}, kTable);
  fill(macro, {10, 10, macro.width - 20, macro.height - 20}, kGlass);
  paste(macro, fit(label, 390, 390), 20, 20);
  constexpr Place kTissue{440, 30, 800, 370};
  const Raster image = fit(preview, kTissue.width, kTissue.height);
  const std::int64_t x = kTissue.x + (kTissue.width - image.width) / 2;
  const std::int64_t y = kTissue.y + (kTissue.height - image.height) / 2;
  paste(macro, image, x, y);
  frame(macro, {x - 4, y - 4, image.width + 8, image.height + 8}, 2, kFrame);
  return macro;
}

Raster crop(const Raster& in, std::int64_t width, std::int64_t height) {
  Raster out(width, height, in.channels, 0);
  for (std::int64_t y = 0; y < height; ++y) {
    const std::uint8_t* from = in.rows(std::min(y, in.height - 1), 1).data;
    for (std::int64_t x = 0; x < width; ++x)
      std::copy_n(from + std::min(x, in.width - 1) * in.channels, in.channels,
                  out.row(y) + x * in.channels);
  }
  return out;
}

Raster resize(const Raster& in, std::int64_t width, std::int64_t height) {
  Raster out(width, height, 3, 0);
  for (std::int64_t y = 0; y < height; ++y) {
    const std::int64_t y0 = y * in.height / height;
    const std::int64_t y1 = std::max((y + 1) * in.height / height, y0 + 1);
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t x0 = x * in.width / width;
      const std::int64_t x1 = std::max((x + 1) * in.width / width, x0 + 1);
      for (int c = 0; c < 3; ++c) {
        const int from = in.channels == 3 ? c : 0;
        std::int64_t sum = 0;
        for (std::int64_t v = y0; v < y1; ++v) {
          const Block line = in.rows(v, 1);
          for (std::int64_t u = x0; u < x1; ++u) sum += line.data[u * in.channels + from];
        }
        const std::int64_t count = (y1 - y0) * (x1 - x0);
        out.row(y)[3 * x + c] = static_cast<std::uint8_t>((sum + count / 2) / count);
      }
    }
  }
  return out;
}

}  // namespace histoloom::pyramid
