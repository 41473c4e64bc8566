#include "mapped_tensor.h"

#include <algorithm>
#include <cstring>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

struct Pair {
  ElementType element;
  at::ScalarType scalar;
};
constexpr Pair kTypes[] = {{ElementType::f64, at::kDouble}, {ElementType::f32, at::kFloat},
                           {ElementType::f16, at::kHalf},   {ElementType::bf16, at::kBFloat16},
                           {ElementType::i64, at::kLong},   {ElementType::i32, at::kInt},
                           {ElementType::i16, at::kShort},  {ElementType::i8, at::kChar},
                           {ElementType::u8, at::kByte},    {ElementType::boolean, at::kBool}};

// Elements from the first to the last that the tensor touches, both counted.
std::int64_t extent(const StoredTensor& stored) {
  std::int64_t last = 0;
  for (std::size_t d = 0; d < stored.shape.size(); ++d)
    last += (stored.shape[d] - 1) * stored.strides[d];
  return last + 1;
}

}  // namespace

at::ScalarType scalar_type(ElementType type) {
  for (const Pair& pair : kTypes)
    if (pair.element == type) return pair.scalar;
  throw InternalError("an element type that torch lacks");
}

ElementType element_type(const at::Tensor& tensor) {
  for (const Pair& pair : kTypes)
    if (pair.scalar == tensor.scalar_type()) return pair.element;
  throw InternalError("a tensor of a dtype that weights files lack");
}

at::Tensor mapped_tensor(const std::shared_ptr<const MappedFile>& file, std::uint64_t data,
                         const StoredTensor& stored) {
  file->require_whole();
  const at::ScalarType type = scalar_type(stored.type);
  if (std::find(stored.shape.begin(), stored.shape.end(), 0) != stored.shape.end())
    return torch::empty(stored.shape, type);
  const std::size_t item = element_bytes(stored.type);
  const std::uint8_t* first = file->bytes().data() + data + stored.offset;
  if (reinterpret_cast<std::uintptr_t>(first) % item == 0)
    return at::from_blob(
        const_cast<std::uint8_t*>(first), stored.shape, stored.strides, [file](void*) {}, type);
  const at::Tensor copy = torch::empty({extent(stored)}, type);
  std::memcpy(copy.data_ptr(), first, copy.nbytes());
  return copy.as_strided(stored.shape, stored.strides);
}

}  // namespace histoloom
