// Features that tests/evaluate/reference.py makes too.
#pragma once

#include "histoloom/evaluate/feature_measures.h"

namespace histoloom::evaluate {

// Uniform in [0, 10), and shifted by 0, `shift` and twice `shift` in turn along a row.
inline Features test_features(std::size_t count, std::size_t dimensions, std::uint32_t seed,
                              float shift = 0) {
  Features out{dimensions, {}};
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::uint32_t d = 0; d < dimensions; ++d) {
      std::uint32_t h = i * 7919u + d * 104729u + seed * 15485863u;
      h ^= h >> 15;
      h *= 2246822519u;
      h ^= h >> 13;
      out.values.push_back(static_cast<float>(h % 1000) / 100 + shift * static_cast<float>(d % 3));
    }
  }
  return out;
}

}  // namespace histoloom::evaluate
