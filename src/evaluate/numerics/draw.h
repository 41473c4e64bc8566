// Random numbers for measures: a function of seed, purpose and index, whatever the threads.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "histoloom/core/noise.h"

namespace histoloom::evaluate {

// What a number is drawn for; no two purposes share numbers.
enum class Purpose : std::uint32_t {
  grid = 1,
  shuffle,
  descriptors,
  directions,
  resample_first,
  resample_second,
  regions,
  clusters,
  windows,
  copies,
};

class Draw {
 public:
  Draw(std::uint64_t seed, Purpose purpose) : noise_(seed), purpose_(purpose) {}

  // Uniform over 0 … n - 1; the bias is n / 2^64.
  std::uint64_t below(std::uint64_t n, std::int64_t i, std::int64_t j = 0) const {
    const PhiloxCounter w = words(i, j);
    const std::uint64_t bits = std::uint64_t{w[0]} << 32 | w[1];
    // The upper half of the product of 64 × 64 bits, from halves (n is below 2^32).
    return ((bits >> 32) * n + (((bits & 0xffffffffu) * n) >> 32)) >> 32;
  }
  // Uniform in [0, 1).
  double uniform(std::int64_t i, std::int64_t j = 0) const {
    return static_cast<double>(words(i, j)[0]) * 0x1p-32;
  }
  // `count` independent standard normals.
  void normals(std::int64_t i, int count, float* out) const {
    noise_.normals(NoiseDomain::evaluation, i, 0, static_cast<std::uint32_t>(purpose_), count, 1,
                   out);
  }
  // 0 … n - 1 in a random order (Fisher and Yates).
  std::vector<std::size_t> permutation(std::size_t n, std::int64_t j = 0) const {
    std::vector<std::size_t> out(n);
    for (std::size_t i = 0; i < n; ++i) out[i] = i;
    for (std::size_t i = n; i > 1; --i)
      std::swap(out[i - 1], out[below(i, static_cast<std::int64_t>(i), j)]);
    return out;
  }

 private:
  PhiloxCounter words(std::int64_t i, std::int64_t j) const {
    return noise_.words(NoiseDomain::evaluation, i, j, static_cast<std::uint32_t>(purpose_), 0);
  }

  CounterNoise noise_;
  Purpose purpose_;
};

}  // namespace histoloom::evaluate
