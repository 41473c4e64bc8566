#include "fused_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "norm_rows.h"

namespace histoloom {

namespace {

// Sums of one image's channels, of differences from its first position: no digits are lost where
// the mean is far from zero.
struct ChannelSums {
  explicit ChannelSums(std::int64_t channels)
      : pivot(channels), part(channels), part_square(channels), sum(channels), square(channels) {}
  std::vector<float> pivot, part, part_square;  // the last two of one chunk
  std::vector<double> sum, square;
};

template <class T>
HISTOLOOM_INLINE void add_positions(const T* x, std::int64_t positions, std::int64_t channels,
                                    const float* __restrict pivot, float* __restrict sum,
                                    float* __restrict square) {
  for (std::int64_t c = 0; c < channels; ++c) sum[c] = square[c] = 0;
  for (std::int64_t p = 0; p < positions; ++p, x += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = to_float(x[c]) - pivot[c];
      sum[c] += d;
      square[c] += d * d;
    }
  }
}

HISTOLOOM_CPU_CLONES void add_chunk(const float* x, std::int64_t positions, std::int64_t channels,
                                    const float* pivot, float* sum, float* square) {
  add_positions(x, positions, channels, pivot, sum, square);
}
HISTOLOOM_CPU_CLONES void add_chunk(const Bfloat16* x, std::int64_t positions,
                                    std::int64_t channels, const float* pivot, float* sum,
                                    float* square) {
  add_positions(x, positions, channels, pivot, sum, square);
}

template <class T>
void sum_channels(const ActivationShape& shape, const T* x, ChannelSums& sums) {
  const std::int64_t channels = shape.channels;
  for (std::int64_t c = 0; c < channels; ++c) sums.pivot[c] = to_float(x[c]);
  std::fill(sums.sum.begin(), sums.sum.end(), 0.0);
  std::fill(sums.square.begin(), sums.square.end(), 0.0);
  for (std::int64_t p = 0; p < shape.positions; p += kNormChunk) {
    add_chunk(x + p * channels, std::min(kNormChunk, shape.positions - p), channels,
              sums.pivot.data(), sums.part.data(), sums.part_square.data());
    for (std::int64_t c = 0; c < channels; ++c) {
      sums.sum[c] += static_cast<double>(sums.part[c]);
      sums.square[c] += static_cast<double>(sums.part_square[c]);
    }
  }
}

struct Moments {
  double mean, variance;
};

// Of the channels [first, first + count): their means pooled, and the variance by Chan's formula.
Moments pooled(const ChannelSums& sums, std::int64_t first, std::int64_t count,
               std::int64_t positions) {
  const auto n = static_cast<double>(positions);
  const auto mean_of = [&](std::int64_t c) {
    return static_cast<double>(sums.pivot[c]) + sums.sum[c] / n;
  };
  double mean = 0;
  for (std::int64_t c = first; c < first + count; ++c) mean += mean_of(c);
  mean /= static_cast<double>(count);
  double squares = 0;
  for (std::int64_t c = first; c < first + count; ++c) {
    const double away = mean_of(c) - mean;
    squares += sums.square[c] - sums.sum[c] * sums.sum[c] / n + n * away * away;
  }
  return {mean, std::max(0.0, squares / (n * static_cast<double>(count)))};
}

// The factor and term by which an image's channels become y = x·factor + term.
template <class T>
void fold(const GroupNormCall<T>& call, std::int64_t image, const ChannelSums& sums, float* factor,
          float* term) {
  const std::int64_t channels = call.shape.channels, count = channels / call.groups;
  for (std::int64_t first = 0; first < channels; first += count) {
    const Moments m = pooled(sums, first, count, call.shape.positions);
    const double inverse = 1.0 / std::sqrt(m.variance + call.epsilon);
    if (call.mean != nullptr) {
      const std::int64_t group = image * call.groups + first / count;
      call.mean[group] = static_cast<float>(m.mean);
      call.inverse[group] = static_cast<float>(inverse);
    }
    for (std::int64_t c = first; c < first + count; ++c) {
      const NormTerms terms = norm_terms(call, image, c, m.mean, inverse);
      factor[c] = static_cast<float>(terms.factor);
      term[c] = static_cast<float>(terms.term);
    }
  }
}

template <class T>
struct Rows {
  const T *x, *before, *after;  // of one image; the last two may be null
  T* y;
  std::int64_t positions, channels;
  const float *factor, *term;
  float* row;  // [channels], worked in
  bool silu;
};

HISTOLOOM_INLINE void silu_row(std::int64_t n, float* __restrict row) {
  for (std::int64_t c = 0; c < n; ++c) row[c] = fast_silu(row[c]);
}

template <class T>
HISTOLOOM_INLINE void apply_rows(const Rows<T>& r) {
  const std::int64_t n = r.channels;
  float* __restrict row = r.row;
  const float* __restrict factor = r.factor, * __restrict term = r.term;
  for (std::int64_t at = 0; at < r.positions * n; at += n) {
    const T* x = r.x + at;
    T* y = r.y + at;
    for (std::int64_t c = 0; c < n; ++c) row[c] = to_float(x[c]) * factor[c] + term[c];
    if (r.before != nullptr) add_row(r.before + at, n, row);
    if (r.silu) silu_row(n, row);
    if (r.after != nullptr) add_row(r.after + at, n, row);
    for (std::int64_t c = 0; c < n; ++c) store(row[c], y[c]);
  }
}

HISTOLOOM_CPU_CLONES void apply(const Rows<float>& rows) { apply_rows(rows); }
HISTOLOOM_CPU_CLONES void apply(const Rows<Bfloat16>& rows) { apply_rows(rows); }

template <class T>
void group_norm_of(const GroupNormCall<T>& call, const T* x, T* y) {
  const ActivationShape& shape = call.shape;
  ChannelSums sums(shape.channels);
  std::vector<float> factor(shape.channels), term(shape.channels), row(shape.channels);
  for (std::int64_t image = 0; image < shape.batch; ++image) {
    const std::int64_t at = image * shape.positions * shape.channels;
    const auto shifted = [at](const T* p) { return p == nullptr ? p : p + at; };
    sum_channels(shape, x + at, sums);
    fold(call, image, sums, factor.data(), term.data());
    apply(Rows<T>{x + at, shifted(call.before), shifted(call.after), y + at, shape.positions,
                  shape.channels, factor.data(), term.data(), row.data(), call.silu});
  }
}

constexpr std::int64_t kLanes = 16;

// The sum over channels of f(c), in lanes that don't depend on the CPU's.
template <class F>
HISTOLOOM_INLINE float lane_sum(std::int64_t channels, F f) {
  float lanes[kLanes] = {};
  std::int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes)
    for (std::int64_t l = 0; l < kLanes; ++l) lanes[l] += f(c + l);
  for (std::int64_t l = 0; c < channels; ++c, ++l) lanes[l] += f(c);
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

template <class T>
HISTOLOOM_INLINE void channel_norm_of(const ActivationShape& shape, const float* gain, const T* x,
                                      T* y) {
  const std::int64_t n = shape.channels;
  const auto count = static_cast<float>(n);
  for (std::int64_t p = 0; p < shape.batch * shape.positions; ++p, x += n, y += n) {
    const float mean = lane_sum(n, [&](std::int64_t c) { return to_float(x[c]); }) / count;
    const float variance = lane_sum(n,
                                    [&](std::int64_t c) {
                                      const float d = to_float(x[c]) - mean;
                                      return d * d;
                                    }) /
                           count;
    const float inverse = 1.0f / std::sqrt(variance + 1e-5f);
    for (std::int64_t c = 0; c < n; ++c) store((to_float(x[c]) - mean) * inverse * gain[c], y[c]);
  }
}

}  // namespace

void group_norm(const GroupNormCall<float>& call, const float* x, float* y) {
  group_norm_of(call, x, y);
}
void group_norm(const GroupNormCall<Bfloat16>& call, const Bfloat16* x, Bfloat16* y) {
  group_norm_of(call, x, y);
}

HISTOLOOM_CPU_CLONES void channel_norm(const ActivationShape& shape, const float* gain,
                                       const float* x, float* y) {
  channel_norm_of(shape, gain, x, y);
}
HISTOLOOM_CPU_CLONES void channel_norm(const ActivationShape& shape, const float* gain,
                                       const Bfloat16* x, Bfloat16* y) {
  channel_norm_of(shape, gain, x, y);
}

}  // namespace histoloom
