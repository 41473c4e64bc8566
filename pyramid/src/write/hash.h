// A hash of bytes, to find equal tiles by. Equal hashes are always followed by a comparison.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace histoloom::pyramid {

// Eight bytes a step; each step is a bijection of the state (Steele's and Vigna's mix constants).
inline std::uint64_t hash_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t h = 0x9e3779b97f4a7c15u ^ bytes.size();
  const auto mix = [&h](std::uint64_t word) {
    h = (h ^ word) * 0xbf58476d1ce4e5b9u;
    h ^= h >> 29;
  };
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    mix(word);
  }
  std::uint64_t rest = 0;
  if (i < bytes.size()) std::memcpy(&rest, bytes.data() + i, bytes.size() - i);
  mix(rest);
  h *= 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

}  // namespace histoloom::pyramid
