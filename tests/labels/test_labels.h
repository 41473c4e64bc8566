// The small fields that the tests of labels use.
#pragma once

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "histoloom/labels/label_field.h"
#include "support/scratch.h"
#include "vocabulary/test_label_set.h"

namespace histoloom {

// What messages about tissue_labels() end with.
inline constexpr const char* kAllLabels =
    "the labels are 0 unknown, 1 carcinoma, 2 necrosis, 3 stroma, 4 other, 5 glass";

// A field drawn in digits, a text a row.
inline LabelGrid grid_of(const std::vector<std::string>& rows) {
  LabelGrid grid(
      {static_cast<std::int64_t>(rows[0].size()), static_cast<std::int64_t>(rows.size())}, 0);
  for (std::size_t y = 0; y < rows.size(); ++y)
    for (std::size_t x = 0; x < rows[y].size(); ++x)
      grid.at({static_cast<std::int64_t>(x), static_cast<std::int64_t>(y)}) =
          static_cast<LabelId>(rows[y][x] - '0');
  return grid;
}

// The same the other way round.
inline std::vector<std::string> drawing_of(const LabelField& field) {
  std::vector<std::string> rows;
  std::vector<LabelId> row(static_cast<std::size_t>(field.size().width));
  for (std::int64_t y = 0; y < field.size().height; ++y) {
    field.read({0, y, field.size().width, y + 1}, row.data());
    rows.emplace_back();
    for (const LabelId id : row) rows.back() += static_cast<char>('0' + id);
  }
  return rows;
}

inline std::unique_ptr<LabelField> owned(LabelGrid grid) {
  return std::make_unique<LabelGrid>(std::move(grid));
}

inline std::vector<LabelId> cells_of(const LabelField& field) {
  std::vector<LabelId> cells(static_cast<std::size_t>(field.size().area()));
  field.read(CellRect::of(field.size()), cells.data());
  return cells;
}

// Blots of the ids from 1 on, and of glass (5), with radii from `smallest` cells up; nothing in it
// is smooth where it is below 2.
inline LabelGrid blots(CellSize size, unsigned seed, double smallest, int count) {
  std::mt19937 random(seed);
  const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % n); };
  LabelGrid grid(size, 5);
  for (int i = 0; i < count; ++i) {
    const std::int64_t cx = below(size.width), cy = below(size.height);
    const double r = smallest + static_cast<double>(below(size.width)) / 8;
    const auto id = static_cast<LabelId>(1 + below(5));
    for (std::int64_t y = 0; y < size.height; ++y)
      for (std::int64_t x = 0; x < size.width; ++x)
        if (static_cast<double>((x - cx) * (x - cx) + (y - cy) * (y - cy)) < r * r)
          grid.at({x, y}) = id;
  }
  return grid;
}

}  // namespace histoloom
