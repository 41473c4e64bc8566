#include "reduce.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace histoloom::pyramid {
namespace {

// The common case: whole 2 × 2 windows of two rows.
template <int channels>
void mean_2x2(const std::uint8_t* a, const std::uint8_t* b, std::int64_t windows,
              std::uint8_t* out) {
  for (std::int64_t x = 0; x < windows; ++x) {
    for (int c = 0; c < channels; ++c) {
      const unsigned sum = static_cast<unsigned>(a[c]) + a[c + channels] + b[c] + b[c + channels];
      out[c] = static_cast<std::uint8_t>((sum + 1 + ((sum >> 2) & 1)) >> 2);  // half to even
    }
    a += 2 * channels;
    b += 2 * channels;
    out += channels;
  }
}

// The same for ids. Of four, the first is the most frequent (or the first among equals) if it comes
// again, else the second if that does, else the third.
void mode_2x2(const std::uint8_t* a, const std::uint8_t* b, std::int64_t windows,
              std::uint8_t* out) {
  for (std::int64_t x = 0; x < windows; ++x) {
    const std::uint8_t p = a[2 * x], q = a[2 * x + 1], r = b[2 * x], s = b[2 * x + 1];
    const std::uint8_t third = r == s ? r : p;
    const std::uint8_t second = (q == r) | (q == s) ? q : third;
    out[x] = (p == q) | (p == r) | (p == s) ? p : second;
  }
}

unsigned round_half_even(unsigned sum, unsigned count) {
  const unsigned whole = sum / count;
  const unsigned twice = 2 * (sum % count);
  return whole + (twice > count || (twice == count && (whole & 1) == 1) ? 1 : 0);
}

// One window of any shape: x0 <= x < x1, y0 <= y < y1.
struct Window {
  std::int64_t x0, x1, y0, y1;
};

void mean_window(const Block& in, const Window& w, std::uint8_t* out) {
  const auto count = static_cast<unsigned>((w.x1 - w.x0) * (w.y1 - w.y0));
  for (int c = 0; c < in.channels; ++c) {
    unsigned sum = 0;
    for (std::int64_t y = w.y0; y < w.y1; ++y) {
      for (std::int64_t x = w.x0; x < w.x1; ++x) sum += in.row(y)[x * in.channels + c];
    }
    out[c] = static_cast<std::uint8_t>(round_half_even(sum, count));
  }
}

// The most frequent of at most 16 ids, the first in reading order among equals.
std::uint8_t mode_window(const Block& in, const Window& w) {
  std::array<std::uint8_t, 16> ids{};
  std::array<int, 16> counts{};
  std::size_t distinct = 0;
  for (std::int64_t y = w.y0; y < w.y1; ++y) {
    for (std::int64_t x = w.x0; x < w.x1; ++x) {
      const std::uint8_t id = in.row(y)[x];
      const auto* end = ids.data() + distinct;
      const auto* found = std::find(static_cast<const std::uint8_t*>(ids.data()), end, id);
      if (found == end) ids[distinct++] = id;
      ++counts[static_cast<std::size_t>(found - ids.data())];
    }
  }
  const auto best = std::max_element(counts.begin(), counts.begin() + distinct);
  return ids[static_cast<std::size_t>(best - counts.begin())];
}

}  // namespace

bool is_uniform(const Block& block) {
  if (block.width == 0 || block.height == 0) return true;
  const auto pixel = static_cast<std::size_t>(block.channels);
  const auto bytes = static_cast<std::size_t>(block.width) * pixel;
  const std::uint8_t* first = block.row(0);
  // A row equals itself shifted by a pixel exactly when its pixels are equal.
  if (std::memcmp(first, first + pixel, bytes - pixel) != 0) return false;
  for (std::int64_t y = 1; y < block.height; ++y) {
    if (std::memcmp(first, block.row(y), bytes) != 0) return false;
  }
  return true;
}

void reduce(const Block& in, int factor, Reduction how, std::uint8_t* out,
            std::ptrdiff_t out_stride) {
  const std::int64_t columns = (in.width + factor - 1) / factor;
  const std::int64_t rows = (in.height + factor - 1) / factor;
  for (std::int64_t y = 0; y < rows; ++y, out += out_stride) {
    const std::int64_t y0 = y * factor;
    const std::int64_t y1 = std::min(y0 + factor, in.height);
    std::int64_t x = 0;
    if (factor == 2 && y1 - y0 == 2) {
      x = in.width / 2;
      if (how == Reduction::mode) {
        mode_2x2(in.row(y0), in.row(y0 + 1), x, out);
      } else if (in.channels == 3) {
        mean_2x2<3>(in.row(y0), in.row(y0 + 1), x, out);
      } else {
        mean_2x2<1>(in.row(y0), in.row(y0 + 1), x, out);
      }
    }
    for (; x < columns; ++x) {
      const Window w{x * factor, std::min((x + 1) * factor, in.width), y0, y1};
      if (how == Reduction::mean) {
        mean_window(in, w, out + x * in.channels);
      } else {
        out[x] = mode_window(in, w);
      }
    }
  }
}

}  // namespace histoloom::pyramid
