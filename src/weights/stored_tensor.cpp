#include "histoloom/weights/stored_tensor.h"

#include <algorithm>

#include "histoloom/core/error.h"

namespace histoloom {

std::size_t element_bytes(ElementType type) {
  switch (type) {
    case ElementType::f64:
    case ElementType::i64:
      return 8;
    case ElementType::f32:
    case ElementType::i32:
      return 4;
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::i16:
      return 2;
    case ElementType::i8:
    case ElementType::u8:
    case ElementType::boolean:
      return 1;
  }
  throw InternalError("an unknown element type");
}

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * std::max<std::int64_t>(shape[d], 1);
  return strides;
}

std::optional<std::uint64_t> shape_bytes(const std::vector<std::int64_t>& shape, ElementType type) {
  std::uint64_t bytes = element_bytes(type);
  bool empty = false;
  for (const std::int64_t n : shape) {
    empty |= n == 0;
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1));
    if (n < 0 || __builtin_mul_overflow(bytes, factor, &bytes) || bytes > (std::uint64_t{1} << 62))
      return std::nullopt;
  }
  return empty ? 0 : bytes;
}

std::string printable(std::string_view name) {
  constexpr std::size_t kLongest = 200;
  std::string out(name.substr(0, kLongest));
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return name.size() > kLongest ? out + "…" : out;
}

}  // namespace histoloom
