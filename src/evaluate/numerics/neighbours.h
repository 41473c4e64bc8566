// Distances between the features of images.
#pragma once

#include <vector>

#include "histoloom/evaluate/feature_measures.h"

namespace histoloom::evaluate {

// The squared distance of two rows.
double squared_distance(std::span<const float> a, std::span<const float> b);

struct Nearest {
  std::size_t index = 0;
  double squared = 0;
};

// For each row of `from` the nearest one of `to`.
std::vector<Nearest> nearest(const Features& from, const Features& to);
// For each row the squared distance to its k-th nearest other row; there are more than k.
std::vector<double> squared_reach(const Features& features, std::size_t k);

}  // namespace histoloom::evaluate
