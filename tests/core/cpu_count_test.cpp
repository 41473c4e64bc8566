#include "histoloom/core/cpu_count.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <thread>

#include "support/scratch.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

// A machine's files, as far as they tell of quotas.
class CpuCount : public testing::Test {
 protected:
  void write(const fs::path& name, const std::string& text) const {
    const fs::path path = root_ / name.string();
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  int usable() const { return usable_cpus(root_ / "."); }

  ScratchDirectory root_;
  const int all_ = usable_cpus(root_ / "none");
};

TEST_F(CpuCount, WithoutQuotaIsTheAffinity) {
  EXPECT_GE(all_, 1);
  EXPECT_LE(all_, static_cast<int>(std::thread::hardware_concurrency()));
  for (const char* text : {"max 100000\n", "", "-1 100000", "0 100000", "100000 0", "1e99 1\n"}) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(usable(), all_) << text;
  }
}

TEST_F(CpuCount, OfAnAffinityToOneProcessorIsOne) {
  int count = 0;
  std::thread([&] {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      CPU_SET(cpu, &set);
      if (sched_setaffinity(0, sizeof set, &set) == 0) break;
      CPU_CLR(cpu, &set);
    }
    count = usable_cpus();
  }).join();
  EXPECT_EQ(count, 1);
}

TEST_F(CpuCount, OfAQuotaIsRoundedUpAndAtLeastOne) {
  write("proc/self/cgroup", "0::/\n");
  for (const auto& [text, count] : {std::pair{"1000 100000", 1},
                                    {"100000 100000", 1},
                                    {"100001 100000", 2},
                                    {"50000 100000", 1}}) {
    write("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(usable(), std::min(count, all_)) << text;
  }
}

TEST_F(CpuCount, TakesTheLeastQuotaOfAllGroupsAbove) {
  write("proc/self/cgroup", "0::/batch/job7/step\n");
  write("sys/fs/cgroup/cpu.max", "max 100000");
  write("sys/fs/cgroup/batch/cpu.max", "100000 100000");
  write("sys/fs/cgroup/batch/job7/cpu.max", "400000 100000");
  EXPECT_EQ(usable(), 1);
}

TEST_F(CpuCount, OfACgroupOfTheFirstVersion) {
  write("proc/self/cgroup", "5:memory:/job\n4:cpu,cpuacct:/job\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "100000");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000");
  EXPECT_EQ(usable(), 1);
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1");
  EXPECT_EQ(usable(), all_);
}

TEST_F(CpuCount, InAContainerIsThatOfTheTopIfTheGroupIsTheHosts) {
  write("proc/self/cgroup", "0::/system.slice/docker-1234.scope\n");
  write("sys/fs/cgroup/cpu.max", "100000 100000");
  EXPECT_EQ(usable(), 1);
}

TEST(ThreadsFor, AreAllCpusUnlessANumberIsGiven) {
  EXPECT_EQ(threads_for(0), usable_cpus());
  EXPECT_EQ(threads_for(3), 3);
  EXPECT_EQ(threads_for(-1), -1) << "for the check of options to refuse";
}

}  // namespace
}  // namespace histoloom
