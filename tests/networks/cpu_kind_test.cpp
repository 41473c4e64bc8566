// Names of the kernels that three libraries choose, and what holds them to others.
#include "histoloom/networks/cpu_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

TEST(CpuKind, IsOneNameWhereTheLibrariesGoTogetherElseAllOfThem) {
  EXPECT_EQ(cpu_kind_of({"avx2", "Haswell", "avx2"}), "avx2");
  EXPECT_EQ(cpu_kind_of({"avx2", "Zen", "avx2"}), "avx2") << "the same kernels";
  EXPECT_EQ(cpu_kind_of({"avx2", "SkylakeX", "avx512"}), "avx2/SkylakeX/avx512");
  EXPECT_EQ(cpu_kind_of({"avx2", "Haswell", "default"}), "avx2/Haswell/default");
  EXPECT_EQ(cpu_kind_of({"avx", "Sandybridge", "default"}), "avx");
  EXPECT_EQ(cpu_kind_of({"avx", "Bulldozer", "default"}), "avx/Bulldozer/default");
  EXPECT_EQ(cpu_kind_of({"avx512_core", "SkylakeX", "avx512"}), "avx512_core");
  EXPECT_EQ(cpu_kind_of({"avx512_core_vnni", "SkylakeX", "avx512"}), "avx512_core_vnni");
  EXPECT_EQ(cpu_kind_of({"avx512_core_amx", "Cooperlake", "avx512"}), "avx512_core_amx");
  EXPECT_EQ(cpu_kind_of({"all", "none", "unknown"}), "all/none/unknown");
  EXPECT_EQ(cpu_kind_of({"avx2", "", "avx2"}), "avx2//avx2") << "no core is no other core";
}

TEST(CpuKind, OfThisProcessHasAName) {
  EXPECT_FALSE(cpu_kind().empty());
  EXPECT_EQ(cpu_kind(), cpu_kind());
}

#if defined(__x86_64__)
TEST(CpuKinds, AreRefusedWithWhatThisCpuCanDo) {
  const std::vector<std::string> usable = usable_cpu_kinds();
  ASSERT_THAT(usable, testing::Contains("sse41"));
  std::string list;
  for (const std::string& kind : usable) list += (list.empty() ? "" : ", ") + kind;
  EXPECT_EQ(message_of([] { kernel_variables("AVX2"); }),
            "--cpu-kind AVX2: is no kind of kernels; this CPU can be held to " + list);
  for (const char* kind : {"avx2_vnni", "avx512_core", "avx512_core_bf16", "avx512_core_amx"}) {
    const bool can = std::find(usable.begin(), usable.end(), kind) != usable.end();
    EXPECT_EQ(message_of([&] { kernel_variables(kind); }),
              can ? ""
                  : std::string("--cpu-kind ") + kind +
                        ": this CPU lacks it; this CPU can be held to " + list);
  }
}

TEST(CpuKinds, AreRequiredOfKernelsThatAreThere) {
  const std::string other = cpu_kind() == "sse41" ? "avx" : "sse41";
  EXPECT_EQ(message_of([&] { require_cpu_kind(other); }),
            "--cpu-kind " + other + ": the kernels are of " + cpu_kind() +
                (other == "sse41" ? "; set ONEDNN_MAX_CPU_ISA=SSE41 OPENBLAS_CORETYPE=Nehalem "
                                    "ATEN_CPU_CAPABILITY=default in the environment"
                                  : "; set ONEDNN_MAX_CPU_ISA=AVX OPENBLAS_CORETYPE=Sandybridge "
                                    "ATEN_CPU_CAPABILITY=default in the environment"));
  for (const std::string& kind : usable_cpu_kinds())
    if (kind == cpu_kind()) require_cpu_kind(kind);
}
#endif

}  // namespace
}  // namespace histoloom
