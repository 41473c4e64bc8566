#include "pinned_kernels.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/networks/cpu_kind.h"

namespace histoloom {

namespace {

// Sets what holds the libraries; false if all of it was set before.
bool set_variables(const std::string& kind) {
  bool changed = false;
  for (const auto& [name, value] : kernel_variables(kind)) {
    const char* before = std::getenv(name);
    if (before != nullptr && std::string_view(before) == value) continue;
    ::setenv(name, value, /*overwrite=*/1);
    changed = true;
  }
  return changed;
}

}  // namespace

void pin_kernels(const std::string& kind) {
  if (kind.empty() || cpu_kind() == kind) return;
  try {
    if (!set_variables(kind)) return;
    std::string line = read_file("/proc/self/cmdline");  // each argument ends in a zero
    std::vector<char*> arguments;
    for (std::size_t i = 0; i < line.size(); i = line.find('\0', i) + 1)
      arguments.push_back(line.data() + i);
    arguments.push_back(nullptr);
    ::execv("/proc/self/exe", arguments.data());
  } catch (const UserError&) {
    // The kind is refused when the options are checked.
  }
}

}  // namespace histoloom
