#include "histoloom/labels/clean.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

LabelGrid without_borders(const LabelGrid& ids) {
  const CellSize size = ids.size();
  LabelGrid out = ids;
  const auto mark_if_different = [&](CellPoint a, CellPoint b) {
    if (ids.at(a) != ids.at(b)) out.at(a) = out.at(b) = 0;
  };
  for (std::int64_t y = 0; y < size.height; ++y) {
    for (std::int64_t x = 0; x < size.width; ++x) {
      if (x + 1 < size.width) mark_if_different({x, y}, {x + 1, y});
      if (y + 1 < size.height) mark_if_different({x, y}, {x, y + 1});
    }
  }
  return out;
}

// The least id of the window that starts at each cell, along one axis.
LabelGrid least_along(const LabelGrid& ids, CellPoint direction) {
  constexpr std::int64_t lost = kCleaningWindow - 1;
  LabelGrid out({ids.size().width - lost * direction.x, ids.size().height - lost * direction.y}, 0);
  for (std::int64_t y = 0; y < out.size().height; ++y) {
    for (std::int64_t x = 0; x < out.size().width; ++x) {
      LabelId least = ids.at({x, y});
      for (std::int64_t i = 1; i <= lost; ++i)
        least = std::min(least, ids.at({x + i * direction.x, y + i * direction.y}));
      out.at({x, y}) = least;
    }
  }
  return out;
}

LabelGrid resized(const LabelGrid& ids, CellSize size) {
  LabelGrid out(size, 0);
  // The cell under the centre: (x + ½)·from / to, in whole numbers.
  const auto nearest = [](std::int64_t i, std::int64_t from, std::int64_t to) {
    return (2 * i + 1) * from / (2 * to);
  };
  for (std::int64_t y = 0; y < size.height; ++y)
    for (std::int64_t x = 0; x < size.width; ++x)
      out.at({x, y}) = ids.at(
          {nearest(x, ids.size().width, size.width), nearest(y, ids.size().height, size.height)});
  return out;
}

}  // namespace

LabelGrid labels_from_values(const float* values, CellSize size, int labels) {
  if (labels < 2 || labels > 255)
    throw UserError(fmt::format("a mask needs 2 to 255 labels, got {}", labels));
  LabelGrid out(size, 0);
  for (std::int64_t i = 0; i < size.area(); ++i) {
    // This way round NaN becomes 0.
    const double value = std::min(std::max(0.0, static_cast<double>(values[i])), 1.0);
    const double byte = std::nearbyint(value * 255);
    out.at({i % size.width, i / size.width}) =
        static_cast<LabelId>(std::nearbyint(byte / 255 * (labels - 1)));
  }
  return out;
}

LabelGrid clean_labels(const LabelGrid& ids, CellSize out) {
  if (ids.size().width < kCleaningWindow || ids.size().height < kCleaningWindow)
    throw UserError(
        fmt::format("a mask of {} x {} cells can't be cleaned, it needs at least {} a side",
                    ids.size().width, ids.size().height, kCleaningWindow));
  return resized(least_along(least_along(without_borders(ids), {1, 0}), {0, 1}), out);
}

}  // namespace histoloom
