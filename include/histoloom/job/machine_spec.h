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

// What a job may use; it changes no byte but by the type that networks compute in and their kernels.
struct MachineSpec {
  int threads = 1;
  DType dtype = DType::float32;
  std::string cpu_kind{};  // kind of the kernels, by cpu_kind()
  std::optional<MemoryBudget> memory;
};

}  // namespace histoloom
