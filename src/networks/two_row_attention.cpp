#include "two_row_attention.h"

#include <algorithm>
#include <vector>

namespace histoloom {

namespace {

// Scores of one image, [positions, heads].
template <class T>
HISTOLOOM_INLINE void score_positions(const TwoRowShape& s, const float* query, const T* kv,
                                      float* scores) {
  constexpr std::int64_t kLanes = 16;
  const std::int64_t hidden = s.heads * s.width;
  for (std::int64_t p = 0; p < s.positions; ++p, kv += 2 * hidden) {
    for (std::int64_t h = 0; h < s.heads; ++h) {
      float lanes[kLanes] = {};
      const T* key = kv + h * s.width;
      const float* q = query + h * s.width;
      for (std::int64_t c = 0; c < s.width; c += kLanes)
        for (std::int64_t l = 0; l < std::min(kLanes, s.width - c); ++l)
          lanes[l] += to_float(key[c + l]) * q[c + l];
      float sum = 0;
      for (const float lane : lanes) sum += lane;
      scores[p * s.heads + h] = sum;
    }
  }
}

HISTOLOOM_CPU_CLONES void score(const TwoRowShape& s, const float* query, const float* kv,
                                float* scores) {
  score_positions(s, query, kv, scores);
}
HISTOLOOM_CPU_CLONES void score(const TwoRowShape& s, const float* query, const Bfloat16* kv,
                                float* scores) {
  score_positions(s, query, kv, scores);
}

HISTOLOOM_CPU_CLONES void exponentials(std::int64_t n, float* x) {
  for (std::int64_t i = 0; i < n; ++i) x[i] = fast_exp(x[i]);
}

// Scores become e^(score − the head's largest), which leaves the softmax as it is.
void weigh(const TwoRowShape& s, float* scores) {
  for (std::int64_t h = 0; h < s.heads; ++h) {
    float largest = scores[h];
    for (std::int64_t p = 0; p < s.positions; ++p)
      largest = std::max(largest, scores[p * s.heads + h]);
    for (std::int64_t p = 0; p < s.positions; ++p) scores[p * s.heads + h] -= largest;
  }
  exponentials(s.positions * s.heads, scores);
}

// The sums over an image's positions of weight · value and of value, each [heads · width].
template <class T>
HISTOLOOM_INLINE void sum_values(const TwoRowShape& s, const float* weights, const T* kv,
                                 double* __restrict weighted, double* __restrict plain) {
  const std::int64_t hidden = s.heads * s.width;
  for (std::int64_t p = 0; p < s.positions; ++p, kv += 2 * hidden) {
    for (std::int64_t h = 0; h < s.heads; ++h) {
      const auto weight = static_cast<double>(weights[p * s.heads + h]);
      const T* value = kv + hidden + h * s.width;
      double *w = weighted + h * s.width, *v = plain + h * s.width;
      for (std::int64_t c = 0; c < s.width; ++c) {
        const auto here = static_cast<double>(to_float(value[c]));
        w[c] += weight * here;
        v[c] += here;
      }
    }
  }
}

HISTOLOOM_CPU_CLONES void sum(const TwoRowShape& s, const float* weights, const float* kv,
                              double* weighted, double* plain) {
  sum_values(s, weights, kv, weighted, plain);
}
HISTOLOOM_CPU_CLONES void sum(const TwoRowShape& s, const float* weights, const Bfloat16* kv,
                              double* weighted, double* plain) {
  sum_values(s, weights, kv, weighted, plain);
}

template <class T>
void attend(const TwoRowShape& s, const float* query, const T* kv, float* asked, float* mean) {
  const std::int64_t hidden = s.heads * s.width;
  std::vector<float> weights(s.positions * s.heads);
  for (std::int64_t b = 0; b < s.batch; ++b) {
    const T* image = kv + b * s.positions * 2 * hidden;
    std::vector<double> weighted(hidden), plain(hidden), total(s.heads);
    score(s, query, image, weights.data());
    weigh(s, weights.data());
    for (std::int64_t i = 0; i < s.positions * s.heads; ++i)
      total[i % s.heads] += static_cast<double>(weights[i]);
    sum(s, weights.data(), image, weighted.data(), plain.data());
    for (std::int64_t c = 0; c < hidden; ++c) {
      asked[b * hidden + c] = static_cast<float>(weighted[c] / total[c / s.width]);
      mean[b * hidden + c] = static_cast<float>(plain[c] / static_cast<double>(s.positions));
    }
  }
}

template <class T>
HISTOLOOM_INLINE void add_rows(const RowChoice& r, const T* x, T* y) {
  for (std::int64_t p = 0; p < r.batch * r.positions; ++p, x += r.channels, y += r.channels) {
    const float* row = (r.mask[p] != 0.0f ? r.set : r.clear) + p / r.positions * r.channels;
    for (std::int64_t c = 0; c < r.channels; ++c) store(to_float(x[c]) + row[c], y[c]);
  }
}

}  // namespace

void two_row_attention(const TwoRowShape& shape, const float* query, const float* kv, float* asked,
                       float* mean) {
  attend(shape, query, kv, asked, mean);
}
void two_row_attention(const TwoRowShape& shape, const float* query, const Bfloat16* kv,
                       float* asked, float* mean) {
  attend(shape, query, kv, asked, mean);
}

HISTOLOOM_CPU_CLONES void add_chosen_row(const RowChoice& choice, const float* x, float* y) {
  add_rows(choice, x, y);
}
HISTOLOOM_CPU_CLONES void add_chosen_row(const RowChoice& choice, const Bfloat16* x, Bfloat16* y) {
  add_rows(choice, x, y);
}

}  // namespace histoloom
