// What a job has done so far, over all of its runs: committed with the work, so that the report of
// a job that was killed counts what it had done before.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "histoloom/decode/streaming_decoder.h"
#include "histoloom/diffusion/random_patch.h"

namespace histoloom {

struct Account {
  DiffusionReport mask;  // of painted labels
  DiffusionReport diffusion;
  DecodeReport decode;
  StoreTraffic traffic;
  double mask_seconds = 0, diffusion_seconds = 0, decode_seconds = 0, wall_seconds = 0;
  std::uint64_t peak_rss_bytes = 0;
};

// Both together: the sums, the steps one after the other, the larger peak.
Account sum_of(const Account& before, const Account& now);

nlohmann::json json_of(const Account& account);
// \error nlohmann::json::exception for what json_of() didn't write.
Account account_from(const nlohmann::json& json);

}  // namespace histoloom
