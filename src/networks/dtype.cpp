#include "histoloom/networks/dtype.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>

#include <exception>

#include "histoloom/core/error.h"
#include "histoloom/networks/cpu_kind.h"

namespace histoloom {

namespace {

// libtorch goes by what the CPU has; oneDNN, which it calls, may be held to less by an environment
// variable of its own, and throws.
bool computes_in_bfloat16() {
  constexpr std::int64_t kSide = 32;  // enough for oneDNN to be called
  try {
    const auto ones = [](at::IntArrayRef shape) { return at::ones(shape, at::kBFloat16); };
    at::mm(ones({kSide, kSide}), ones({kSide, kSide}));
    at::conv2d(ones({1, kSide, kSide, kSide}), ones({kSide, kSide, 3, 3}));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

DType fastest_dtype() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  static const bool fast = (cpu_kind().starts_with("avx512_core_amx") ||
                            (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_is("amd"))) &&
                           computes_in_bfloat16();
  if (fast) return DType::bfloat16;
#endif
  return DType::float32;
}

void require_kernels(DType dtype) {
  if (dtype == DType::bfloat16 && !computes_in_bfloat16())
    throw UserError(
        "--dtype bfloat16: this CPU's kernels don't compute in it; leave it out or give float32");
}

}  // namespace histoloom
