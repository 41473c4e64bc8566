// Numbers out of a file's bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace histoloom {

static_assert(std::endian::native == std::endian::little,
              "weights files are little-endian and mapped, not converted");

// The little-endian number at `offset`; nothing where the bytes end before it does.
template <class T>
std::optional<T> little_endian(std::span<const std::uint8_t> bytes, std::uint64_t offset) {
  static_assert(std::is_integral_v<T>);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

}  // namespace histoloom
