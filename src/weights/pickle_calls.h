// What the classes and functions of pickle_classes.h make of their arguments. Nothing is called:
// these build the values that stand for the results. A UserError says what is wrong, not where.
#pragma once

#include "pickle.h"

namespace histoloom {

// How a user gets a file that is read.
inline constexpr const char* kSaveStateDict =
    "; save the state dict alone: torch.save(model.state_dict(), 'weights.pt')";

// The storage of a persistent id: ('storage', class, key, location, elements).
PickleStorage persistent_storage(const Pickle& pickle, PickleId id);

// The value of `callee`(*`arguments`).
PickleValue call_class(const Pickle& pickle, PickleId callee, PickleId arguments);

// Refuses to set `state` on anything but an OrderedDict and what nobody reads. A state dict carries
// its modules' versions that way, on which no tensor depends, so that the state can be left out.
void check_state(const Pickle& pickle, PickleId object, PickleId state);

}  // namespace histoloom
