// The kind of kernels that networks compute with, which decides how their results are rounded.
//
// Three libraries choose kernels by the CPU, once, when they are loaded or first called. Each is
// held to less by a variable of the environment, and each choice changes a slide's bytes:
//
//   library   what it computes                    variable             on an AMD Zen 3
//   oneDNN    convolutions, bfloat16's products   ONEDNN_MAX_CPU_ISA   avx2
//   OpenBLAS  float32's products of matrices      OPENBLAS_CORETYPE    Zen
//   ATen      sums, softmax, functions            ATEN_CPU_CAPABILITY  avx2
//
// A kind is one name for what all three choose, oneDNN's: "avx2" is avx2, Haswell or Zen, and avx2.
// Haswell and Zen are one kind: OpenBLAS's kernels for Zen are those for Haswell, and 1,200 products
// of random shapes have the same bits. Where the three don't go together, the kind is all of them:
// "avx2/Nehalem/default". Our own loops, libm and the codecs don't depend on the kind.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace histoloom {

// What the libraries have chosen, each in its own words.
struct KernelChoice {
  std::string onednn, openblas, aten;
};

// Variable of the environment that holds a library to a kind.
struct KernelVariable {
  const char* name;
  const char* value;
};

// The kind of a choice: "avx2", or "avx2/Nehalem/default".
std::string cpu_kind_of(const KernelChoice& choice);

// The kind of this process's kernels. Any thread.
const std::string& cpu_kind();

// The kinds that this CPU can be held to, the least first. Depends on the CPU alone.
std::vector<std::string> usable_cpu_kinds();

// What holds the libraries to a kind, if set before they are loaded. \error UserError, naming
// --cpu-kind, for an unknown kind and for one that this CPU lacks.
std::array<KernelVariable, 3> kernel_variables(std::string_view kind);

// \error UserError, naming --cpu-kind, unless the kernels of this process are of that kind.
void require_cpu_kind(std::string_view kind);

}  // namespace histoloom
