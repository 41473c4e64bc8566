// IEEE half precision in software: exact, the same on every machine, branch-light.
#pragma once

#include <bit>
#include <cstdint>

namespace histoloom {

inline constexpr std::uint16_t kHalfNaN = 0x7e00;

// Rounds to nearest, ties to even; past 65,520 becomes infinite; every NaN becomes the same one.
inline std::uint16_t half_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000u;
  std::uint32_t size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return static_cast<std::uint16_t>(sign | kHalfNaN);
  if (size >= 0x47800000u) return static_cast<std::uint16_t>(sign | 0x7c00u);
  if (size < 0x38800000u) {
    // Below 2^-14 a half counts in steps of 2^-24, as a float does from 0.5 on: adding 0.5 rounds.
    const float shifted = std::bit_cast<float>(size) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  // Half a unit in the last place less a bit, plus the bit that makes ties go to even.
  size += 0xfffu + (size >> 13 & 1u);
  return static_cast<std::uint16_t>(sign | (size - 0x38000000u) >> 13);
}

inline float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t size = half & 0x7fffu;
  std::uint32_t bits = 0;
  if (size >= 0x7c00u) {
    bits = 0x7f800000u | (size & 0x3ffu) << 13;
  } else if (size >= 0x400u) {
    bits = (size << 13) + 0x38000000u;
  } else {
    bits = std::bit_cast<std::uint32_t>(static_cast<float>(size) * 0x1p-24f);
  }
  return std::bit_cast<float>(sign | bits);
}

}  // namespace histoloom
