// Wall time with at least one call running, over threads that call side by side.
#pragma once

#include <chrono>
#include <mutex>

namespace histoloom {

class BusyClock {
 public:
  // Counts as a running call as long as the object lives.
  class Call {
   public:
    explicit Call(BusyClock& clock) : clock_(clock) { clock_.begin(); }
    ~Call() { clock_.end(); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    BusyClock& clock_;
  };

  // Seconds so far; calls that still run are not counted.
  double seconds() const {
    const std::lock_guard lock(mutex_);
    return seconds_;
  }

 private:
  using Clock = std::chrono::steady_clock;
  void begin() {
    const std::lock_guard lock(mutex_);
    if (running_++ == 0) start_ = Clock::now();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) seconds_ += std::chrono::duration<double>(Clock::now() - start_).count();
  }

  mutable std::mutex mutex_;
  int running_ = 0;
  double seconds_ = 0;
  Clock::time_point start_;
};

}  // namespace histoloom
