#include "default_model.h"

#include <system_error>

namespace histoloom {

namespace fs = std::filesystem;

fs::path default_model() {
  std::error_code code;
  const fs::path program = fs::read_symlink("/proc/self/exe", code).parent_path();
  if (!program.empty())
    for (const char* place :
         {HISTOLOOM_INSTALLED_MODEL, HISTOLOOM_MODEL_OF_NETWORKS, "models/default"}) {
      const fs::path model = (program / place).lexically_normal();
      if (fs::exists(model / "model.json", code)) return model;
    }
  return HISTOLOOM_SOURCE_MODEL;
}

}  // namespace histoloom
