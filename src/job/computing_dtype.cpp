#include "histoloom/job/option_values.h"
#include "histoloom/networks/dtype.h"

namespace histoloom {

DType computing_dtype(const std::string& text) {
  const DType dtype = text.empty() ? fastest_dtype() : parse_enum<DType>(text).value();
  require_kernels(dtype);
  return dtype;
}

}  // namespace histoloom
