#include "histoloom/networks/parameters.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>

#include "histoloom/core/error.h"
#include "histoloom/weights/safetensors.h"

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

[[noreturn]] void bad_tensor(const WeightsFile& file, const std::string& name,
                             const std::string& what) {
  throw UserError(fmt::format("{}: tensor '{}' {}", file.path().string(), name, what));
}

std::vector<std::int64_t> without_trailing_ones(std::vector<std::int64_t> shape) {
  while (!shape.empty() && shape.back() == 1) shape.pop_back();
  return shape;
}

void load_parameter(at::Tensor parameter, const WeightsFile& file, const std::string& name) {
  const auto shape = file.shape(name);
  const auto wanted = parameter.sizes().vec();
  if (without_trailing_ones(shape) != without_trailing_ones(wanted))
    bad_tensor(file, name,
               fmt::format("has the shape [{}], the architecture needs [{}]",
                           fmt::join(shape, ", "), fmt::join(wanted, ", ")));
  parameter.copy_(read_tensor(file, name).reshape(wanted));
  // After the conversion, in which a large value may become infinite.
  if (!at::isfinite(parameter).all().item<bool>())
    bad_tensor(file, name,
               "holds values that are not finite; the file is damaged or its training failed");
}

}  // namespace

at::Tensor read_tensor(const WeightsFile& file, const std::string& name) {
  const auto [owner, first, stored] = file.bytes(name);
  const at::ScalarType type = scalar_type(stored.type);
  if (std::find(stored.shape.begin(), stored.shape.end(), 0) != stored.shape.end())
    return at::empty(stored.shape, type);
  if (reinterpret_cast<std::uintptr_t>(first) % element_bytes(stored.type) == 0)
    return at::from_blob(
        const_cast<std::uint8_t*>(first), stored.shape, stored.strides, [owner = owner](void*) {},
        type);
  const at::Tensor copy = at::empty({extent(stored)}, type);
  std::memcpy(copy.data_ptr(), first, copy.nbytes());
  return copy.as_strided(stored.shape, stored.strides);
}

TensorBytes bytes_of(const at::Tensor& tensor) {
  return {std::make_shared<at::Tensor>(tensor),
          static_cast<const std::uint8_t*>(tensor.data_ptr()),
          {element_type(tensor), tensor.sizes().vec(), tensor.strides().vec(), 0}};
}

void load_parameters(const NamedTensors& parameters, const WeightsFile& file,
                     const std::map<std::string, std::string>& names) {
  at::NoGradGuard no_grad;
  std::set<std::string> wanted;
  for (const auto& [name, parameter] : parameters) {
    const auto renamed = names.find(name);
    const std::string& stored = renamed == names.end() ? name : renamed->second;
    wanted.insert(stored);
    load_parameter(parameter, file, stored);
  }
  for (const std::string& name : file.names()) {
    if (!wanted.contains(name)) bad_tensor(file, name, "is not part of the architecture");
  }
}

void load_parameters(const NamedTensors& parameters, const std::filesystem::path& path) {
  load_parameters(parameters, *open_weights(path));
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<std::pair<std::string, TensorBytes>> bytes;
  for (const auto& [name, tensor] : tensors)
    bytes.emplace_back(name, bytes_of(tensor.detach().contiguous()));
  write_safetensors(path, bytes, metadata);
}

}  // namespace histoloom
