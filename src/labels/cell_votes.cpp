#include "histoloom/labels/cell_votes.h"

#include <algorithm>

namespace histoloom {

CellVotes::CellVotes(std::int64_t cells, const LabelSet& labels) {
  // Ascending ids, unknown last.
  for (const Label& label : labels.labels())
    if (label.id != labels.unknown()) candidates_.push_back(label.id);
  candidates_.push_back(labels.unknown());
  for (std::size_t i = 0; i < candidates_.size(); ++i) slot_[candidates_[i]] = i;
  votes_.assign(static_cast<std::size_t>(cells) * candidates_.size(), 0);
}

LabelId CellVotes::take_winner(std::int64_t cell) {
  const auto first = votes_.begin() + cell * static_cast<std::int64_t>(candidates_.size());
  const auto last = first + static_cast<std::int64_t>(candidates_.size());
  const auto winner = std::max_element(first, last) - first;
  std::fill(first, last, 0);
  return candidates_[static_cast<std::size_t>(winner)];
}

}  // namespace histoloom
