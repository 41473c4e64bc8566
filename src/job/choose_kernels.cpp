#include "histoloom/job/option_values.h"
#include "histoloom/networks/cpu_kind.h"
#include "histoloom/networks/dtype.h"

namespace histoloom {

void choose_kernels(const LabelArguments& arguments, MachineSpec& machine) {
  if (!arguments.cpu_kind.empty()) require_cpu_kind(arguments.cpu_kind);
  machine.cpu_kind = cpu_kind();
  const std::string& dtype = arguments.dtype;
  machine.dtype = dtype.empty() ? fastest_dtype() : parse_enum<DType>(dtype).value();
  require_kernels(machine.dtype);
}

}  // namespace histoloom
