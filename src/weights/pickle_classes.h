// The classes and functions that the pickles of state dicts name.
#pragma once

#include <optional>
#include <string_view>

#include "histoloom/weights/stored_tensor.h"

namespace histoloom {

struct PickleClass {
  enum class Role {
    ordered_dict,       // collections.OrderedDict()
    rebuild_tensor,     // (storage, offset, shape, strides, requires_grad, hooks[, metadata])
    rebuild_parameter,  // (tensor, requires_grad, hooks)
    storage,            // torch.FloatStorage and its kin, in persistent ids
    getattr,            // of one_cycle only: its state names one of its methods
    one_cycle           // torch's one-cycle scheduler and its methods
  };
  Role role = Role::ordered_dict;
  ElementType type = ElementType::f32;  // of a storage
};

// The class of this name; nothing for those that no state dict needs.
std::optional<PickleClass> find_pickle_class(std::string_view module, std::string_view name);

}  // namespace histoloom
