#include "pickle_calls.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

using Role = PickleClass::Role;

template <class T>
const T* as(const Pickle& pickle, PickleId id) {
  return std::get_if<T>(&pickle[id]);
}

std::vector<std::int64_t> whole_numbers(const Pickle& pickle, PickleId id, const char* what) {
  const auto* tuple = as<PickleTuple>(pickle, id);
  if (tuple == nullptr) throw UserError(fmt::format("makes a tensor whose {} is no tuple", what));
  if (tuple->items.size() > kMaxDimensions)
    throw UserError(fmt::format("makes a tensor of {} dimensions, at most {} are read",
                                tuple->items.size(), kMaxDimensions));
  std::vector<std::int64_t> out;
  for (const PickleId item : tuple->items) {
    const auto* value = as<std::int64_t>(pickle, item);
    if (value == nullptr)
      throw UserError(fmt::format("makes a tensor whose {} holds no whole numbers", what));
    out.push_back(*value);
  }
  return out;
}

// (storage, offset, shape, strides, requires_grad, hooks[, metadata])
PickleTensor rebuild_tensor(const Pickle& pickle, const std::vector<PickleId>& arguments) {
  const bool counted = arguments.size() == 6 || arguments.size() == 7;
  const auto* storage = counted ? as<PickleStorage>(pickle, arguments[0]) : nullptr;
  const auto* offset = counted ? as<std::int64_t>(pickle, arguments[1]) : nullptr;
  if (storage == nullptr || offset == nullptr) throw UserError("makes a tensor without a storage");
  PickleTensor tensor{*storage, *offset, whole_numbers(pickle, arguments[2], "shape"),
                      whole_numbers(pickle, arguments[3], "strides")};
  if (tensor.shape.size() != tensor.strides.size())
    throw UserError(fmt::format("makes a tensor of {} dimensions with {} strides",
                                tensor.shape.size(), tensor.strides.size()));
  return tensor;
}

// (tensor, requires_grad, hooks)
PickleTensor rebuild_parameter(const Pickle& pickle, const std::vector<PickleId>& arguments) {
  const auto* tensor = arguments.size() == 3 ? as<PickleTensor>(pickle, arguments[0]) : nullptr;
  if (tensor == nullptr) throw UserError("makes a parameter from something that is no tensor");
  return *tensor;
}

// (class of the one-cycle scheduler, name of a method), which its state names up to PyTorch 2.2.
PickleInert scheduler_method(const Pickle& pickle, const std::vector<PickleId>& arguments) {
  const auto* object = arguments.size() == 2 ? as<PickleClass>(pickle, arguments[0]) : nullptr;
  if (object == nullptr || object->role != Role::one_cycle)
    throw UserError(fmt::format("calls getattr, which no state dict needs{}", kSaveStateDict));
  return {};
}

// Tensors are not made so: one that was would be missing without a word.
PickleInert number_of(const Pickle& pickle, const std::vector<PickleId>& arguments) {
  for (const PickleId id : arguments)
    if (as<PickleStorage>(pickle, id) != nullptr || as<PickleTensor>(pickle, id) != nullptr)
      throw UserError(fmt::format("makes a number of {}", describe(pickle[id])));
  return {};
}

}  // namespace

PickleStorage persistent_storage(const Pickle& pickle, PickleId id) {
  const auto* tuple = as<PickleTuple>(pickle, id);
  if (tuple != nullptr && tuple->items.size() == 5) {
    const auto* word = as<std::string_view>(pickle, tuple->items[0]);
    const auto* type = as<PickleClass>(pickle, tuple->items[1]);
    const auto* key = as<std::string_view>(pickle, tuple->items[2]);
    const auto* elements = as<std::int64_t>(pickle, tuple->items[4]);
    if (word != nullptr && *word == "storage" && type != nullptr && type->role == Role::storage &&
        key != nullptr && elements != nullptr)
      return {*key, type->type, *elements};
  }
  throw UserError("has a persistent id that is no storage");
}

PickleValue call_class(const Pickle& pickle, PickleId callee, PickleId arguments) {
  const auto* called = as<PickleClass>(pickle, callee);
  const auto* tuple = as<PickleTuple>(pickle, arguments);
  if (called == nullptr || tuple == nullptr)
    throw UserError(
        fmt::format("calls {} with {}", describe(pickle[callee]), describe(pickle[arguments])));
  switch (called->role) {
    case Role::ordered_dict:
      if (!tuple->items.empty()) throw UserError("makes an OrderedDict from arguments");
      return PickleDict{{}, true};
    case Role::rebuild_tensor:
      return rebuild_tensor(pickle, tuple->items);
    case Role::rebuild_parameter:
      return rebuild_parameter(pickle, tuple->items);
    case Role::getattr:
      return scheduler_method(pickle, tuple->items);
    case Role::number:
      return number_of(pickle, tuple->items);
    case Role::unknown:
      throw UserError(fmt::format("names the class '{}.{}', which no state dict needs{}",
                                  printable(called->module), printable(called->name),
                                  kSaveStateDict));
    case Role::storage:
    case Role::one_cycle:
      break;
  }
  throw UserError(fmt::format("makes an object of a class that is only named in state dicts{}",
                              kSaveStateDict));
}

void check_state(const Pickle& pickle, PickleId object, PickleId state) {
  if (as<PickleInert>(pickle, object) != nullptr) return;
  const auto* dict = as<PickleDict>(pickle, object);
  if (dict == nullptr || !dict->ordered || as<PickleDict>(pickle, state) == nullptr)
    throw UserError(fmt::format("sets the state of {}, which no state dict needs{}",
                                describe(pickle[object]), kSaveStateDict));
}

}  // namespace histoloom
