// The label of a cell from the labels of its pixels: the one that most of them have.
//
// Example: of 64 pixels 30 are stroma, 30 carcinoma (a lower id) and 4 unknown; the cell is
// carcinoma. A cell of 32 unknown and 32 stroma is stroma.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// Lets pixels vote for the labels of a row of cells; on a tie the lowest id wins that is not
// unknown. In memory: 8 bytes a cell and label.
class CellVotes {
 public:
  CellVotes(std::int64_t cells, const LabelSet& labels);

  // Adds votes for a label; `id` is one of the label set.
  void add(std::int64_t cell, LabelId id, std::int64_t pixels) {
    votes_[static_cast<std::size_t>(cell) * candidates_.size() + slot_[id]] += pixels;
  }
  // Returns the winner of a cell and forgets its votes.
  LabelId take_winner(std::int64_t cell);

 private:
  std::vector<LabelId> candidates_;  // labels in the order in which they win ties
  std::array<std::size_t, 256> slot_{};
  std::vector<std::int64_t> votes_;
};

}  // namespace histoloom
