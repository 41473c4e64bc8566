// The classes and functions that the pickles of state dicts name.
#pragma once

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
    one_cycle,          // torch's one-cycle scheduler and its methods
    number,             // what numpy's scalars and arrays are made by; nobody reads those
    unknown             // any other; may be named, as a key for example, and never called
  };
  Role role = Role::ordered_dict;
  ElementType type = ElementType::f32;  // of a storage
  std::string_view module{}, name{};    // of an unknown one
};

// The class of this name.
PickleClass find_pickle_class(std::string_view module, std::string_view name);

}  // namespace histoloom
