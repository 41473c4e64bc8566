// What a job may use of the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "histoloom/networks/dtype.h"

namespace histoloom {

// --memory as it was given.
struct MemoryBudget {
  std::string text;
  std::uint64_t bytes = 0;
};

// What a job may use; it changes no byte but by the type that networks compute in.
struct MachineSpec {
  int threads = 1;
  DType dtype = DType::float32;
  std::optional<MemoryBudget> memory;
};

}  // namespace histoloom
