// What the work directory says of the kinds of kernels that a job was begun with.
#include <gmock/gmock.h>

#include "test_work.h"
#include "work.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNowhere = "avx512_core/Nehalem";  // kinds that no CPU can be held to
constexpr const char* kNowhereElse = "avx/Zen";

TEST_F(WorkDirectoryTest, AnotherKindOfKernelsIsRefusedWithBothNamed) {
  leave_unfinished(3);
  const auto refusal = [&](const char* kind, const char* job = kJob) {
    return message_of([&] { make_on(kind, /*other_cpu=*/false, job); });
  };
  EXPECT_EQ(refusal(kKind), "");
  write_bytes(path_ / "job.json", stored(kJob, {kNowhere}));
  EXPECT_EQ(refusal(kKind),
            path_.string() +
                ": was begun with the kernels of avx512_core/Nehalem, this run's are avx2; go on "
                "there, or accept other rounding with --allow-other-cpu (--cpu-kind pins a kind "
                "that all your CPUs have)");
  write_bytes(path_ / "job.json", stored(kJob, {"sse41"}));
  EXPECT_EQ(refusal(kKind),
            path_.string() +
                ": was begun with the kernels of sse41, this run's are avx2; give --cpu-kind "
                "sse41, or accept other rounding with --allow-other-cpu");
  EXPECT_EQ(refusal(kKind, kOther),
            path_.string() +
                ": holds another job (seed is 2, was 1); give the options of that job, or start "
                "over with --force and without --resume");
}

// Another kind of CPU has another type by itself.
TEST_F(WorkDirectoryTest, AnotherKindIsNamedBeforeTheTypeOfNumbersThatComesWithIt) {
  constexpr const char* kFloat = R"({"seed": 1, "dtype": "float32", "steps": 30})";
  leave_unfinished(3);
  write_bytes(path_ / "job.json",
              stored(R"({"seed": 1, "dtype": "bfloat16", "steps": 30})", {kNowhere}));
  EXPECT_THAT(message_of([&] { make_on(kKind, false, kFloat); }),
              testing::HasSubstr("was begun with the kernels of avx512_core/Nehalem"));
  EXPECT_THAT(message_of([&] { make_on(kKind, true, kFloat); }),
              testing::HasSubstr("holds another job (dtype is \"float32\", was \"bfloat16\")"));
}

TEST_F(WorkDirectoryTest, AnotherKindThatIsPermittedGoesOnAndIsRecorded) {
  leave_unfinished(3);
  const std::string owner = make(true).job_sha256();
  using Kinds = std::vector<std::string>;
  EXPECT_EQ(make_on(kNowhere, true).painted(), (PaintedPart{3, 40}));
  EXPECT_EQ(read_file(path_ / "job.json"), stored(kJob)) << "looking writes nothing";
  {
    WorkDirectory work = make_on(kNowhere, true);
    work.open();
    EXPECT_EQ(work.cpu_kinds(), (Kinds{kKind, kNowhere}));
    EXPECT_EQ(work.job_sha256(), owner) << "its arrays stay its own";
    EXPECT_TRUE(fs::exists(work.latents() / "0"));
  }
  EXPECT_EQ(read_file(path_ / "job.json"), stored(kJob, {kKind, kNowhere}));
  EXPECT_EQ(make_on(kNowhere, false).cpu_kinds(), (Kinds{kKind, kNowhere})) << "is permitted";
  make(true).open();
  EXPECT_EQ(make(true).cpu_kinds(), (Kinds{kKind, kNowhere, kKind}));
  EXPECT_THAT(message_of([&] { make_on(kNowhereElse, false); }),
              testing::HasSubstr("with the kernels of avx2, then avx512_core/Nehalem, then avx2, "
                                 "this run's are avx/Zen; "));
}

TEST_F(WorkDirectoryTest, AKindThatHasDoneNothingIsForgotten) {
  leave_unfinished(0);
  make_on(kNowhere, true).open();
  EXPECT_EQ(read_file(path_ / "job.json"), stored(kJob, {kNowhere}));
}

}  // namespace
}  // namespace histoloom
