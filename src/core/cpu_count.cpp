#include "histoloom/core/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr double kNoQuota = std::numeric_limits<double>::infinity();

double quota_of(std::istream& quota, std::istream& period) {
  double spent = 0, every = 0;
  // "max", or -1, is no limit.
  if (!(quota >> spent) || !(period >> every) || spent <= 0 || every <= 0) return kNoQuota;
  return spent / every;
}

// cgroup v2 has "QUOTA PERIOD" in one file, v1 has two files.
double quota_in(const fs::path& group) {
  if (std::ifstream both(group / "cpu.max"); both) return quota_of(both, both);
  std::ifstream quota(group / "cpu.cfs_quota_us"), period(group / "cpu.cfs_period_us");
  return quota_of(quota, period);
}

// The least quota of a group and all above it. In a container the group may be named as the host
// sees it, so that only the top is there.
double least_quota(const fs::path& top, fs::path group) {
  double least = quota_in(top);
  for (group = group.relative_path(); !group.empty(); group = group.parent_path())
    least = std::min(least, quota_in(top / group));
  return least;
}

// The lines of /proc/self/cgroup are "ID:CONTROLLERS:GROUP"; v2's is "0::GROUP".
double cgroup_quota(const fs::path& root) {
  double least = kNoQuota;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string id, controllers, group;
    std::getline(fields, id, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, group);
    if (controllers.empty())
      least = std::min(least, least_quota(root / "sys/fs/cgroup", group));
    else if (("," + controllers + ",").find(",cpu,") != std::string::npos)
      least = std::min(least, least_quota(root / "sys/fs/cgroup" / controllers, group));
  }
  return least;
}

int affinity() {
  // Of 65536 processors: the call refuses a set that is smaller than the machine.
  std::vector<cpu_set_t> set(65536 / CPU_SETSIZE);
  const std::size_t bytes = set.size() * sizeof(cpu_set_t);
  if (sched_getaffinity(0, bytes, set.data()) != 0) return 1;
  return CPU_COUNT_S(bytes, set.data());
}

}  // namespace

int usable_cpus(const fs::path& root) {
  return static_cast<int>(std::clamp(std::ceil(cgroup_quota(root)), 1.0, 1.0 * affinity()));
}

int threads_for(int threads) { return threads == 0 ? usable_cpus() : threads; }

}  // namespace histoloom
