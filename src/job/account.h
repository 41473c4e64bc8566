// What a job has done so far, over all of its runs: committed with the work, so that the report of
// a job that was killed counts what it had done before.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "histoloom/decode/streaming_decoder.h"
#include "histoloom/diffusion/random_patch.h"

namespace histoloom {

// What a coarser stage of a cascade took.
struct StageAccount {
  DiffusionReport diffusion;
  DecodeReport decode;
  double diffusion_seconds = 0, decode_seconds = 0;
};

struct Account {
  DiffusionReport mask;              // of painted labels
  std::vector<StageAccount> stages;  // the coarser ones, as far as they are begun
  DiffusionReport diffusion;
  DecodeReport decode;
  StoreTraffic traffic;
  double mask_seconds = 0, diffusion_seconds = 0, decode_seconds = 0, wall_seconds = 0;
  std::uint64_t peak_rss_bytes = 0;

  // The account of a coarser stage, which begins if there is none.
  StageAccount& stage(std::size_t index) {
    if (stages.size() <= index) stages.resize(index + 1);
    return stages[index];
  }
};

// Both together: the sums, the steps one after the other, the larger peak.
Account sum_of(const Account& before, const Account& now);

nlohmann::json json_of(const Account& account);
// \error nlohmann::json::exception for what json_of() didn't write.
Account account_from(const nlohmann::json& json);

}  // namespace histoloom
