#include "histoloom/networks/cpu_kind.h"

#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#include <algorithm>

#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

struct CpuKind {
  std::string_view name;
  const char *isa, *core, *capability;  // values of the libraries' variables
  std::string_view same_core;           // another core of the same kernels, or `core` again
  bool (*usable)();                     // whether this CPU has the instructions
};

#if defined(__x86_64__)

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
bool has_bfloat16() { return has_vnni() && __builtin_cpu_supports("avx512bf16"); }

// OpenBLAS has no cores for VNNI, and those of Debian none for AMX: bfloat16's products are oneDNN's.
constexpr CpuKind kKinds[] = {
    {"sse41", "SSE41", "Nehalem", "default", "Nehalem",
     [] { return __builtin_cpu_supports("sse4.2") != 0; }},
    {"avx", "AVX", "Sandybridge", "default", "Sandybridge",
     [] { return __builtin_cpu_supports("avx") != 0; }},
    {"avx2", "AVX2", "Haswell", "avx2", "Zen", has_avx2},
    {"avx2_vnni", "AVX2_VNNI", "Haswell", "avx2", "Zen",
     [] { return has_avx2() && __builtin_cpu_supports("avxvnni"); }},
    {"avx512_core", "AVX512_CORE", "SkylakeX", "avx512", "SkylakeX", has_avx512},
    {"avx512_core_vnni", "AVX512_CORE_VNNI", "SkylakeX", "avx512", "SkylakeX", has_vnni},
    {"avx512_core_bf16", "AVX512_CORE_BF16", "Cooperlake", "avx512", "Cooperlake", has_bfloat16},
    {"avx512_core_amx", "AVX512_CORE_AMX", "Cooperlake", "avx512", "Cooperlake",
     [] { return has_bfloat16() && __builtin_cpu_supports("amx-bf16"); }},
};

bool is_usable(const CpuKind& kind) {
  __builtin_cpu_init();
  return kind.usable();
}

#else

constexpr std::array<CpuKind, 0> kKinds;
bool is_usable(const CpuKind&) { return false; }

#endif

std::string onednn_choice() {
  const std::string_view name = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
  constexpr std::string_view kPrefix = "cpu_isa_";
  return std::string(name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name);
}

// Looked up, as the system's BLAS may be another, which then has one kind of kernels.
std::string openblas_choice() {
  using Name = const char*();
  void* function = ::dlsym(RTLD_DEFAULT, "openblas_get_corename");
  return function == nullptr ? "none" : reinterpret_cast<Name*>(function)();
}

// The configuration's line "  - CPU capability usage: AVX2", which is all that libtorch tells.
std::string aten_choice() {
  constexpr std::string_view kLine = "CPU capability usage: ";
  const std::string config = at::show_config();
  const std::size_t line = config.find(kLine);
  if (line == std::string::npos) return "unknown";
  const std::size_t begin = line + kLine.size();
  const std::string name = ascii_lower(config.substr(begin, config.find('\n', begin) - begin));
  return name == "no avx" ? "default" : name;
}

const CpuKind* find_kind(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [&](const CpuKind& kind) { return kind.name == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

}  // namespace

std::string cpu_kind_of(const KernelChoice& choice) {
  if (const CpuKind* kind = find_kind(choice.onednn))
    if ((choice.openblas == kind->core || choice.openblas == kind->same_core) &&
        choice.aten == kind->capability)
      return std::string(kind->name);
  return fmt::format("{}/{}/{}", choice.onednn, choice.openblas, choice.aten);
}

const std::string& cpu_kind() {
  static const std::string kind = cpu_kind_of({onednn_choice(), openblas_choice(), aten_choice()});
  return kind;
}

std::vector<std::string> usable_cpu_kinds() {
  std::vector<std::string> names;
  for (const CpuKind& kind : kKinds)
    if (is_usable(kind)) names.emplace_back(kind.name);
  return names;
}

std::array<KernelVariable, 3> kernel_variables(std::string_view name) {
  const CpuKind* kind = find_kind(name);
  if (kind == nullptr || !is_usable(*kind))
    throw UserError(fmt::format("--cpu-kind {}: {}; this CPU can be held to {}", name,
                                kind == nullptr ? "is no kind of kernels" : "this CPU lacks it",
                                fmt::join(usable_cpu_kinds(), ", ")));
  return {{{"ONEDNN_MAX_CPU_ISA", kind->isa},
           {"OPENBLAS_CORETYPE", kind->core},
           {"ATEN_CPU_CAPABILITY", kind->capability}}};
}

void require_cpu_kind(std::string_view kind) {
  const auto variables = kernel_variables(kind);
  if (cpu_kind() == kind) return;
  std::vector<std::string> settings;
  for (const KernelVariable& v : variables)
    settings.push_back(fmt::format("{}={}", v.name, v.value));
  throw UserError(fmt::format("--cpu-kind {}: the kernels are of {}; set {} in the environment",
                              kind, cpu_kind(), fmt::join(settings, " ")));
}

}  // namespace histoloom
