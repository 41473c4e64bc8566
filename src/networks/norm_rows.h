// What the norm's loops and those of its gradient share.
#pragma once

#include "fused_norm.h"

namespace histoloom {

// Positions whose sums fit a float without losing digits that matter.
constexpr std::int64_t kNormChunk = 64;

template <class T>
HISTOLOOM_INLINE void add_row(const T* x, std::int64_t n, float* __restrict row) {
  for (std::int64_t c = 0; c < n; ++c) row[c] += to_float(x[c]);
}

// What a channel of an image becomes before `before` is added: x·factor + term.
struct NormTerms {
  double factor, term;
};

template <class T>
double norm_scale(const GroupNormCall<T>& call, std::int64_t image, std::int64_t c) {
  return 1.0 + (call.scale == nullptr ? 0.0 : double{call.scale[image * call.shape.channels + c]});
}

template <class T>
NormTerms norm_terms(const GroupNormCall<T>& call, std::int64_t image, std::int64_t c, double mean,
                     double inverse) {
  const std::int64_t at = image * call.shape.channels + c;
  const double scale = norm_scale(call, image, c);
  const double shift = call.shift == nullptr ? 0.0 : double{call.shift[at]};
  const double factor = inverse * double{call.weight[c]} * scale;
  return {factor, double{call.bias[c]} * scale - mean * factor + shift};
}

}  // namespace histoloom
