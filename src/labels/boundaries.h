// The boundaries between the labels of a field, found in one pass over its rows.
//
// Words: a *corner* is a place where four cells meet. A *node* is a corner where boundaries of more
// than two regions meet, or a corner of the slide. An *arc* is a boundary from node to node, or
// around without one. A *region* is a connected piece (4 neighbours) of cells of one label. What
// lies outside of the field is a region too.
//
// Example: a field of two cells with the labels 1 and 2 has three regions (outside, 1, 2), six
// nodes (the slide's corners, and both ends of the line between the cells) and seven arcs.
//
// In memory: a row of the field, 4 bytes a region and 8 bytes a turn of a boundary; no cells.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "histoloom/labels/label_field.h"

namespace histoloom {

// A place in half cells: corners have even coordinates, middles of a cell's sides one odd.
struct HalfCell {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend bool operator==(const HalfCell&, const HalfCell&) = default;
};

using Region = std::int32_t;
inline constexpr Region kOutside = 0;

enum class Heading : std::uint8_t { east, south, west, north };
inline Heading reversed(Heading h) { return static_cast<Heading>((static_cast<int>(h) + 2) % 4); }

struct Arc {
  std::vector<HalfCell> turns;  // both ends included; of a closed one the first again as the last
  bool closed = false;          // without nodes
  Region left = kOutside, right = kOutside;  // as seen along the arc
  Heading first = Heading::east, last = Heading::east;
};

struct Boundaries {
  std::vector<Arc> arcs;
  std::vector<LabelId> labels;  // of each region; regions are numbered from 1 by their first cell
};

// Reads the field row by row; `on_row` is told how many have been read. Ids are below 255.
Boundaries find_boundaries(const LabelField& field,
                           const std::function<void(std::int64_t)>& on_row);

}  // namespace histoloom
