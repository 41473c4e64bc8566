// What tests of the work directory share: its jobs, and what a kill leaves.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/checksum.h"
#include "histoloom/core/file.h"
#include "support/scratch.h"
#include "work.h"

namespace histoloom {

inline constexpr const char* kJob =
    R"({"version": "0.1.0", "size": [64, 64], "seed": 1, "steps": 30})";
inline constexpr const char* kOther =
    R"({"version": "0.1.0", "size": [64, 64], "seed": 2, "steps": 30})";

inline constexpr const char* kKind = "avx2";

// As kJob or kOther stands in job.json, with the kinds of its runs' kernels.
inline std::string stored(const char* job, const std::vector<std::string>& kinds = {kKind}) {
  auto all = nlohmann::ordered_json::parse(job);
  all["cpu_kinds"] = kinds;
  return all.dump(2) + "\n";
}

inline Account some_account() {
  Account account;
  account.diffusion = {100, 12, 14, 1.5, 2.95, {{30, 28, false}, {40, 28, true}}};
  account.decode = {6, 0.25};
  account.traffic = {1000, 2000};
  account.mask_seconds = 0.5;
  account.diffusion_seconds = 2;
  account.decode_seconds = 4;
  account.wall_seconds = 8;
  account.peak_rss_bytes = 1 << 20;
  return account;
}

class WorkDirectoryTest : public testing::Test {
 protected:
  WorkDirectory make(bool resume = false, bool force = false, const char* job = kJob,
                     bool named = false) {
    return WorkDirectory({path_, named, resume}, resume, force, job, kKind);
  }
  // Goes on with kernels of another kind.
  WorkDirectory make_on(const char* kind, bool other_cpu, const char* job = kJob) {
    return WorkDirectory({path_, /*named=*/false, /*resume=*/true, other_cpu}, true, false, job,
                         kind);
  }
  std::string error(bool resume, bool force, const char* job = kJob) {
    return message_of([&] { make(resume, force, job); });
  }
  // Leaves a job with some committed steps, as a kill does.
  void leave_unfinished(int steps, const std::set<std::string>& outputs = {}) {
    WorkDirectory work = make(false, true);
    work.open();
    if (!outputs.empty()) work.note_outputs(outputs, std::nullopt, {});
    std::filesystem::create_directory(work.latents() / "0");
    write_bytes(work.latents() / "0" / "0.0.0", "latents");
    if (steps > 0) work.commit({steps, 40}, some_account());
  }
  // Stores a state with the checksum that fits it.
  void seal(nlohmann::json state) const {
    state.erase("crc32");
    state["crc32"] = checksum_of(state.dump());
    write_bytes(path_ / "state.json", state.dump());
  }
  // What a command that names the directory does with it.
  ResumeDecision decided(bool force = false) const {
    return decide_resume({path_, /*named=*/true, /*resume=*/false}, force);
  }

  ScratchDirectory scratch_;
  const std::filesystem::path path_ = scratch_ / "slide.svs.work";
};

}  // namespace histoloom
