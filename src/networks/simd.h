// What the hand-written loops over activations share: types of elements, and functions that GCC
// turns into vector instructions. They are compiled without contraction of products and sums, so
// that an element's bits don't depend on whether it fell to a vector or to a loop's odd ends.
#pragma once

#include <bit>
#include <cstdint>

// Compiles a function for several kinds of CPU, the best of which is picked when the program
// starts. Sanitizers' runtimes are not up yet at that time.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HISTOLOOM_CPU_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define HISTOLOOM_CPU_CLONES
#endif
#define HISTOLOOM_INLINE [[gnu::always_inline]] inline

namespace histoloom {

// The upper half of a float. (Not a class, which GCC 12 would not vectorise.)
enum class Bfloat16 : std::uint16_t {};

HISTOLOOM_INLINE float to_float(float v) { return v; }
HISTOLOOM_INLINE float to_float(Bfloat16 v) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16);
}

HISTOLOOM_INLINE void store(float v, float& out) { out = v; }
// Rounds to nearest, ties to even. A NaN stays one: those that hardware makes end in zeros.
HISTOLOOM_INLINE void store(float v, Bfloat16& out) {
  const auto bits = std::bit_cast<std::uint32_t>(v);
  out = static_cast<Bfloat16>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

// e^x within 1e-7 of it, for x clamped to ±87: 2^n · e^r with r = x − n·ln 2 in ±ln 2 / 2, e^r by
// the polynomial of Cephes' expf (Moshier).
HISTOLOOM_INLINE float fast_exp(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 · 2^23: what is added to it is rounded to a whole
  x = x < -87.0f ? -87.0f : x;
  x = x > 87.0f ? 87.0f : x;
  const float shifted = x * 1.44269504f + kRound, n = shifted - kRound;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const auto power = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(kRound);
  return p * std::bit_cast<float>((power + 127) << 23);
}

HISTOLOOM_INLINE float fast_silu(float x) { return x / (1.0f + fast_exp(-x)); }

}  // namespace histoloom
