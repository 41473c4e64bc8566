#include "step_pass.h"

#include <algorithm>

namespace histoloom {

std::int64_t PlainPass::collect(const CropData& data) {
  return std::count(data.crop.owned.begin(), data.crop.owned.end(), 1);
}

}  // namespace histoloom
