#include "pickle_classes.h"

namespace histoloom {

namespace {

using Role = PickleClass::Role;

struct Known {
  std::string_view module, name;
  PickleClass what;
};

constexpr Known kKnown[] = {
    {"collections", "OrderedDict", {Role::ordered_dict}},
    {"torch._utils", "_rebuild_tensor_v2", {Role::rebuild_tensor}},
    {"torch._utils", "_rebuild_parameter", {Role::rebuild_parameter}},
    {"torch", "DoubleStorage", {Role::storage, ElementType::f64}},
    {"torch", "FloatStorage", {Role::storage, ElementType::f32}},
    {"torch", "HalfStorage", {Role::storage, ElementType::f16}},
    {"torch", "BFloat16Storage", {Role::storage, ElementType::bf16}},
    {"torch", "LongStorage", {Role::storage, ElementType::i64}},
    {"torch", "IntStorage", {Role::storage, ElementType::i32}},
    {"torch", "ShortStorage", {Role::storage, ElementType::i16}},
    {"torch", "CharStorage", {Role::storage, ElementType::i8}},
    {"torch", "ByteStorage", {Role::storage, ElementType::u8}},
    {"torch", "BoolStorage", {Role::storage, ElementType::boolean}},
    // Protocol 2 calls Python's builtins by their old module.
    {"__builtin__", "getattr", {Role::getattr}},
    {"builtins", "getattr", {Role::getattr}},
    {"torch.optim.lr_scheduler", "OneCycleLR", {Role::one_cycle}},
    // From protocol 4 on the methods are named at once.
    {"torch.optim.lr_scheduler", "OneCycleLR._annealing_cos", {Role::one_cycle}},
    {"torch.optim.lr_scheduler", "OneCycleLR._annealing_linear", {Role::one_cycle}},
    // Losses and rates that a training loop kept as numpy's numbers; numpy 2 has other modules.
    {"numpy", "dtype", {Role::number}},
    {"numpy", "ndarray", {Role::number}},
    {"numpy.core.multiarray", "scalar", {Role::number}},
    {"numpy.core.multiarray", "_reconstruct", {Role::number}},
    {"numpy._core.multiarray", "scalar", {Role::number}},
    {"numpy._core.multiarray", "_reconstruct", {Role::number}},
    {"_codecs", "encode", {Role::number}},  // bytes, in protocol 2
};

}  // namespace

PickleClass find_pickle_class(std::string_view module, std::string_view name) {
  for (const Known& known : kKnown)
    if (known.module == module && known.name == name) return known.what;
  return {.role = Role::unknown, .module = module, .name = name};
}

}  // namespace histoloom
