// Calls run as the engine runs them: as many side by side as there are threads, each on one.
#pragma once

#include <algorithm>
#include <barrier>
#include <chrono>
#include <ctime>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "histoloom/networks/inference_thread.h"

namespace histoloom {

struct CallTime {
  double wall = 1e30;  // seconds from the first start to the last end of the calls side by side
  double cpu = 1e30;   // seconds of one core for one call; what other programs take isn't in it
};

inline double cpu_seconds_of_thread() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// The shortest times of `rounds` rounds, after one to warm up: a thread's first call also takes
// fresh memory for what it works in. `call` is told its thread's number.
inline CallTime side_by_side(int threads, int rounds, const std::function<void(int)>& call) {
  std::vector<std::vector<double>> cpu(static_cast<std::size_t>(rounds),
                                       std::vector<double>(static_cast<std::size_t>(threads)));
  std::vector<double> wall(static_cast<std::size_t>(rounds));
  std::barrier together(threads);
  const auto work = [&](int thread) {
    const InferenceThread inference;
    call(thread);
    for (std::size_t round = 0; round < wall.size(); ++round) {
      together.arrive_and_wait();
      const auto start = std::chrono::steady_clock::now();
      const double before = cpu_seconds_of_thread();
      call(thread);
      cpu[round][static_cast<std::size_t>(thread)] = cpu_seconds_of_thread() - before;
      together.arrive_and_wait();
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      if (thread == 0) wall[round] = seconds.count();
    }
  };
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (std::thread& thread : running) thread.join();

  CallTime best{*std::min_element(wall.begin(), wall.end()), 1e30};
  for (const auto& round : cpu)
    best.cpu = std::min(best.cpu, std::accumulate(round.begin(), round.end(), 0.0) / threads);
  return best;
}

}  // namespace histoloom
