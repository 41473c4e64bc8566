#include <algorithm>
#include <vector>

#include "norm_rows.h"

namespace histoloom {

namespace {

// What a pass over one image's positions needs of each channel.
struct Channels {
  explicit Channels(std::int64_t n)
      : factor(n), term(n), mean(n), inverse(n), part(n), product(n), row(n) {}
  std::vector<float> factor, term;   // SiLU's argument is x·factor + term + before
  std::vector<float> mean, inverse;  // of the channel's group
  std::vector<float> part, product;  // sums of a chunk
  std::vector<float> row;            // worked in
};

template <class T>
struct Rows {
  const T *x, *result, *added;  // the last may be null
  T* before;
  std::int64_t positions, channels;
  const float *factor, *term, *mean, *inverse;
  float *sum, *product, *row;  // the last [channels], worked in
  bool silu;
};

// s(v)·(1 + v·(1 − s(v))), s being the logistic function.
HISTOLOOM_INLINE float silu_slope(float v) {
  const float s = 1.0f / (1.0f + fast_exp(-v));
  return s * (1.0f + v * (1.0f - s));
}

// row ← the gradient of SiLU's argument, from that of its result; the argument is in `row`.
template <class T>
HISTOLOOM_INLINE void through_silu(const T* result, std::int64_t n, float* __restrict row) {
  for (std::int64_t c = 0; c < n; ++c) row[c] = to_float(result[c]) * silu_slope(row[c]);
}

// Writes the gradient before the norm's factor and term, and adds it up. Short loops, each of which
// GCC turns into vectors.
template <class T>
HISTOLOOM_INLINE void sum_rows(const Rows<T>& r) {
  const std::int64_t n = r.channels;
  float* __restrict row = r.row;
  float* __restrict sum = r.sum, * __restrict product = r.product;
  const float* __restrict factor = r.factor, * __restrict term = r.term;
  const float* __restrict mean = r.mean, * __restrict inverse = r.inverse;
  for (std::int64_t c = 0; c < n; ++c) sum[c] = product[c] = 0;
  for (std::int64_t at = 0; at < r.positions * n; at += n) {
    const T *x = r.x + at, *result = r.result + at;
    T* before = r.before + at;
    if (r.silu) {
      for (std::int64_t c = 0; c < n; ++c) row[c] = to_float(x[c]) * factor[c] + term[c];
      if (r.added != nullptr) add_row(r.added + at, n, row);
      through_silu(result, n, row);
    } else {
      for (std::int64_t c = 0; c < n; ++c) row[c] = to_float(result[c]);
    }
    for (std::int64_t c = 0; c < n; ++c) sum[c] += row[c];
    for (std::int64_t c = 0; c < n; ++c)
      product[c] += row[c] * ((to_float(x[c]) - mean[c]) * inverse[c]);
    for (std::int64_t c = 0; c < n; ++c) store(row[c], before[c]);
  }
}

HISTOLOOM_CPU_CLONES void sum_chunk(const Rows<float>& rows) { sum_rows(rows); }
HISTOLOOM_CPU_CLONES void sum_chunk(const Rows<Bfloat16>& rows) { sum_rows(rows); }

template <class T>
void sum_image(const GroupNormGradientCall<T>& call, std::int64_t image, Channels& channels) {
  const ActivationShape& shape = call.forward.shape;
  const std::int64_t n = shape.channels;
  std::vector<double> sum(n), product(n);
  for (std::int64_t p = 0; p < shape.positions; p += kNormChunk) {
    const std::int64_t at = (image * shape.positions + p) * n;
    const T* added = call.forward.before;
    sum_chunk(Rows<T>{call.x + at, call.result + at, added == nullptr ? added : added + at,
                      call.before + at, std::min(kNormChunk, shape.positions - p), n,
                      channels.factor.data(), channels.term.data(), channels.mean.data(),
                      channels.inverse.data(), channels.part.data(), channels.product.data(),
                      channels.row.data(), call.forward.silu});
    for (std::int64_t c = 0; c < n; ++c) {
      sum[c] += static_cast<double>(channels.part[c]);
      product[c] += static_cast<double>(channels.product[c]);
    }
  }
  for (std::int64_t c = 0; c < n; ++c) {
    call.sum[image * n + c] = static_cast<float>(sum[c]);
    call.product[image * n + c] = static_cast<float>(product[c]);
  }
}

template <class T>
HISTOLOOM_INLINE void apply_rows(const T* x, const T* before, T* input, std::int64_t positions,
                                 std::int64_t n, const float* __restrict of_before,
                                 const float* __restrict of_x, const float* __restrict constant) {
  for (std::int64_t at = 0; at < positions * n; at += n)
    for (std::int64_t c = 0; c < n; ++c)
      store(to_float(before[at + c]) * of_before[c] + to_float(x[at + c]) * of_x[c] + constant[c],
            input[at + c]);
}

HISTOLOOM_CPU_CLONES void apply(const float* x, const float* before, float* input,
                                std::int64_t positions, std::int64_t n, const float* of_before,
                                const float* of_x, const float* constant) {
  apply_rows(x, before, input, positions, n, of_before, of_x, constant);
}
HISTOLOOM_CPU_CLONES void apply(const Bfloat16* x, const Bfloat16* before, Bfloat16* input,
                                std::int64_t positions, std::int64_t n, const float* of_before,
                                const float* of_x, const float* constant) {
  apply_rows(x, before, input, positions, n, of_before, of_x, constant);
}

// The gain of a channel of the normalised x: the norm's weight times what scales it.
template <class T>
double gain_of(const GroupNormCall<T>& call, std::int64_t image, std::int64_t c) {
  return double{call.weight[c]} * norm_scale(call, image, c);
}

template <class T>
void prepare(const GroupNormCall<T>& call, std::int64_t image, Channels& channels) {
  const std::int64_t n = call.shape.channels, count = n / call.groups;
  for (std::int64_t c = 0; c < n; ++c) {
    const std::int64_t group = image * call.groups + c / count;
    channels.mean[c] = call.mean[group];
    channels.inverse[c] = call.inverse[group];
    const NormTerms terms =
        norm_terms(call, image, c, double{call.mean[group]}, double{call.inverse[group]});
    channels.factor[c] = static_cast<float>(terms.factor);
    channels.term[c] = static_cast<float>(terms.term);
  }
}

// Of the normalised x the gradient is d = before·gain; of x it is, over the values of its group,
// inverse·(d − mean(d) − normalised·mean(d·normalised)).
template <class T>
void finish_image(const GroupNormGradientCall<T>& call, std::int64_t image, Channels& channels) {
  const GroupNormCall<T>& forward = call.forward;
  const std::int64_t n = forward.shape.channels, count = n / forward.groups;
  const auto values = static_cast<double>(count * forward.shape.positions);
  std::vector<float>& of_x = channels.mean;
  std::vector<float>& constant = channels.inverse;
  for (std::int64_t first = 0; first < n; first += count) {
    const std::int64_t group = image * forward.groups + first / count;
    const double mean = double{forward.mean[group]}, inverse = double{forward.inverse[group]};
    double plain = 0, product = 0;
    for (std::int64_t c = first; c < first + count; ++c) {
      plain += gain_of(forward, image, c) * double{call.sum[image * n + c]};
      product += gain_of(forward, image, c) * double{call.product[image * n + c]};
    }
    const double slope = inverse * inverse * product / values;
    for (std::int64_t c = first; c < first + count; ++c) {
      of_x[c] = static_cast<float>(-slope);
      constant[c] = static_cast<float>(mean * slope - inverse * plain / values);
    }
  }
  const std::int64_t at = image * forward.shape.positions * n;
  apply(call.x + at, call.before + at, call.input + at, forward.shape.positions, n,
        channels.factor.data(), of_x.data(), constant.data());
}

template <class T>
void gradient_of(const GroupNormGradientCall<T>& call) {
  Channels channels(call.forward.shape.channels);
  for (std::int64_t image = 0; image < call.forward.shape.batch; ++image) {
    prepare(call.forward, image, channels);
    sum_image(call, image, channels);
    finish_image(call, image, channels);
  }
}

}  // namespace

void group_norm_gradient(const GroupNormGradientCall<float>& call) { gradient_of(call); }
void group_norm_gradient(const GroupNormGradientCall<Bfloat16>& call) { gradient_of(call); }

}  // namespace histoloom
