// What a job has done: in its earlier runs, and in this one.
#pragma once

#include "account.h"
#include "histoloom/store/latent_array.h"
#include "process_memory.h"
#include "stopwatch.h"

namespace histoloom {

class Ledger {
 public:
  // Starts to count this run; `earlier`: what the runs before it have done.
  explicit Ledger(Account earlier) : earlier_(std::move(earlier)) {}

  // What this run has done so far; stages write into it.
  Account& run() { return run_; }
  // Forgets what earlier runs have decoded, which is decoded anew.
  void forget_decoding() {
    earlier_.decode = {};
    earlier_.decode_seconds = 0;
  }
  // What all runs have done up to now; `traffic`: of this run's store.
  Account total(const StoreTraffic& traffic) {
    run_.traffic = traffic;
    run_.wall_seconds = watch_.seconds();
    run_.peak_rss_bytes = peak_rss_bytes();
    return sum_of(earlier_, run_);
  }

 private:
  Account earlier_, run_;
  Stopwatch watch_;
};

}  // namespace histoloom
