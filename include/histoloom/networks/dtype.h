// What networks compute in.
#pragma once

#include "histoloom/vocabulary/enum_names.h"

namespace histoloom {

enum class DType { float32, bfloat16, float16 };

template <>
struct EnumNames<DType> {
  static constexpr std::array table{std::pair{DType::float32, std::string_view("float32")},
                                    std::pair{DType::bfloat16, std::string_view("bfloat16")},
                                    std::pair{DType::float16, std::string_view("float16")}};
};

// What this CPU multiplies fastest in: bfloat16 with AMX tiles and on AMD's processors with
// AVX-512 BF16, else float32. Intel's without AMX run VDPBF16PS at half the rate of float32's fused
// multiply-add (measured on Emerald Rapids: 113 against 215 GFLOP/s a core).
DType fastest_dtype();

// \error UserError, naming --dtype, if this CPU's kernels don't compute in it.
void require_kernels(DType dtype);

}  // namespace histoloom
