// The kind of kernels: --cpu-kind holds the libraries to one, a resume on another is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

#if defined(__x86_64__)

// What holds oneDNN, OpenBLAS and ATen to the least kind, which every CPU of the last fifteen years
// has.
class LeastKind {
 public:
  LeastKind() {
    for (const auto& [name, value] : kVariables) ::setenv(name, value, /*overwrite=*/1);
  }
  ~LeastKind() {
    for (const auto& [name, value] : kVariables) ::unsetenv(name);
  }

 private:
  static constexpr std::array<std::array<const char*, 2>, 3> kVariables{
      {{"ONEDNN_MAX_CPU_ISA", "SSE41"},
       {"OPENBLAS_CORETYPE", "Nehalem"},
       {"ATEN_CPU_CAPABILITY", "default"}}};
};

// Without loss, so that the last bit of a level shows.
const Arguments kSmall{"--size",   "128x128", "--steps",       "2",      "--dtype", "float32",
                       "--layout", "full",    "--compression", "deflate"};

TEST(CpuKind, ThatIsPinnedGivesTheBytesOfAnEnvironmentThatPinsIt) {
  const Folder folder;
  const auto bytes = [&](const char* name, const Arguments& more) {
    const Outcome made = run(generate(folder / name, plus(kSmall, more)));
    EXPECT_EQ(made.code, 0) << made.err;
    return bytes_of(folder / name);
  };
  std::string held;
  {
    const LeastKind least;
    held = bytes("held.tif", {});
  }
  const std::string report = (folder / "a name with spaces.json").string();
  EXPECT_EQ(bytes("pinned.tif", {"--cpu-kind", "sse41", "--date", "", "--report", report}), held);
  EXPECT_NE(bytes("free.tif", {}), held) << "no other kernels were chosen";
  for (const char* name : {"held.tif", "pinned.tif"})
    EXPECT_EQ(json_in(folder / (std::string(name) + ".manifest.json"))["cpu_kinds"],
              nlohmann::json::array({"sse41"}));
  EXPECT_EQ(json_in(report)["cpu_kinds"], nlohmann::json::array({"sse41"}));
  EXPECT_NE(json_in(folder / "free.tif.manifest.json")["cpu_kinds"],
            nlohmann::json::array({"sse41"}));
}

TEST(CpuKind, OfPaintedLabelsIsPinnedAndReportedToo) {
  const Folder folder;
  const auto mask = [&](const char* name, const Arguments& more) {
    const Outcome made = run(plus({"mask", "-o", (folder / name).string(), "--size", "256x256",
                                   "--quiet", "--report", (folder / "r.json").string(), "--force"},
                                  more));
    EXPECT_EQ(made.code, 0) << made.err;
    return json_in(folder / "r.json")["cpu_kinds"];
  };
  const nlohmann::json pinned = mask("pinned.tif", {"--cpu-kind", "sse41"});
  EXPECT_EQ(pinned, nlohmann::json::array({"sse41"}));
  const LeastKind least;
  EXPECT_EQ(mask("held.tif", {}), pinned);
  EXPECT_EQ(bytes_of(folder / "pinned.tif"), bytes_of(folder / "held.tif"));
}

TEST(CpuKind, ThatTheCpuCantBeHeldToIsRefusedBeforeAnyWork) {
  const Folder folder;
  for (const Arguments& command :
       {generate(folder / "s.svs", {"--cpu-kind", "pentium"}),
        Arguments{"mask", "-o", (folder / "m.tif").string(), "--cpu-kind", "pentium"}}) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err,
                StartsWith("histoloom: --cpu-kind pentium: is no kind of kernels; this "
                           "CPU can be held to sse41"));
    EXPECT_THAT(folder.listing(), IsEmpty());
  }
}

TEST(Killed, AndResumedWithAnotherKindOfKernelsIsRefusedUnlessItIsPermitted) {
  StoppedJob job(kJob);
  ASSERT_TRUE(job.kill_at_step(3));
  const nlohmann::json began = json_in(job.work() / "job.json")["cpu_kinds"];
  ASSERT_EQ(began.size(), 1u);
  const std::string kind = began[0];
  const bool has_name = kind.find('/') == std::string::npos;
  const Outcome refused = run(job.command({"--resume", "--cpu-kind", "sse41"}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err,
            "histoloom: " + job.work().string() + ": was begun with the kernels of " + kind +
                ", this run's are sse41; " +
                (has_name ? "give --cpu-kind " + kind : "go on there") +
                ", or accept other rounding with --allow-other-cpu" +
                (has_name ? "\n" : " (--cpu-kind pins a kind that all your CPUs have)\n"));
  EXPECT_EQ(json_in(job.work() / "job.json")["cpu_kinds"], began);

  const std::string report = (job / "r.json").string();
  const Outcome made = run(
      job.command({"--resume", "--cpu-kind", "sse41", "--allow-other-cpu", "--report", report}));
  EXPECT_EQ(made.code, 0);
  EXPECT_EQ(made.err, "histoloom: warning: the slide is made with the kernels of " + kind +
                          ", then sse41, whose rounding differs\n");
  EXPECT_EQ(json_in(report)["cpu_kinds"], nlohmann::json::array({kind, "sse41"}));
  const nlohmann::json manifest = json_in(job / "s.svs.manifest.json");
  EXPECT_EQ(manifest["cpu_kinds"], nlohmann::json::array({kind, "sse41"}));
  EXPECT_FALSE(manifest["job"].contains("cpu_kinds"));
}

#endif

}  // namespace
}  // namespace histoloom::test
