// How a tensor lies in a file, without torch: what the parsers of weights files yield.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace histoloom {

enum class ElementType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t element_bytes(ElementType type);

// The most dimensions that torch's operators take.
constexpr std::size_t kMaxDimensions = 64;

struct StoredTensor {
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // elements from one index to the next, none negative
  std::uint64_t offset = 0;           // bytes from the data's beginning to the first element
};

// Strides of a tensor whose rows lie one after another. The shape is one that shape_bytes() takes.
std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape);

// Bytes of a tensor of this shape; nothing if a dimension is negative or the product overflows.
// Empty dimensions are left out of the product, since torch computes strides of empty tensors too.
std::optional<std::uint64_t> shape_bytes(const std::vector<std::int64_t>& shape, ElementType type);

// A name from a file as an error message shows it: one line, cut if it is long.
std::string printable(std::string_view name);

}  // namespace histoloom
