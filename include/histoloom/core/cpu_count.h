// How many processors the program may use.
//
// A container or a batch system lends fewer than the machine has: by an affinity, or by a quota of
// processor time (cgroups). Example: a quota of 150000 µs in each 100000 µs is two processors.
#pragma once

#include <filesystem>

namespace histoloom {

// Processors that the affinity and the quotas of the process's cgroup and all above it leave; at
// least 1. `root`: where /proc and /sys lie.
int usable_cpus(const std::filesystem::path& root = "/");

// How many threads work if the user asked for `threads`; 0: as many as usable_cpus().
int threads_for(int threads);

}  // namespace histoloom
