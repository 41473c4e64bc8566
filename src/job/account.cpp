#include "account.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace histoloom {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StepCoverage, crops, minimum, tapered)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DiffusionReport, evaluations, padded_evaluations, batches,
                                   denoiser_seconds, gflop_per_evaluation, steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DecodeReport, decodes, autoencoder_seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageAccount, diffusion, decode, diffusion_seconds,
                                   decode_seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StoreTraffic, bytes_read, bytes_written)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Account, mask, diffusion, decode, traffic, mask_seconds,
                                   diffusion_seconds, decode_seconds, wall_seconds, peak_rss_bytes)

namespace {

void add(const DiffusionReport& before, DiffusionReport& sum) {
  sum.evaluations += before.evaluations;
  sum.padded_evaluations += before.padded_evaluations;
  sum.batches += before.batches;
  sum.denoiser_seconds += before.denoiser_seconds;
  // Of a network that this run had no need of.
  if (sum.gflop_per_evaluation == 0) sum.gflop_per_evaluation = before.gflop_per_evaluation;
  sum.steps.insert(sum.steps.begin(), before.steps.begin(), before.steps.end());
}

void add(const DecodeReport& before, DecodeReport& sum) {
  sum.decodes += before.decodes;
  sum.autoencoder_seconds += before.autoencoder_seconds;
}

void add(const StageAccount& before, StageAccount& sum) {
  add(before.diffusion, sum.diffusion);
  add(before.decode, sum.decode);
  sum.diffusion_seconds += before.diffusion_seconds;
  sum.decode_seconds += before.decode_seconds;
}

constexpr const char* kStageAccounts = "stages";

}  // namespace

Account sum_of(const Account& before, const Account& now) {
  Account sum = now;
  add(before.mask, sum.mask);
  add(before.diffusion, sum.diffusion);
  add(before.decode, sum.decode);
  for (std::size_t i = 0; i < before.stages.size(); ++i) add(before.stages[i], sum.stage(i));
  sum.traffic.bytes_read += before.traffic.bytes_read;
  sum.traffic.bytes_written += before.traffic.bytes_written;
  sum.mask_seconds += before.mask_seconds;
  sum.diffusion_seconds += before.diffusion_seconds;
  sum.decode_seconds += before.decode_seconds;
  sum.wall_seconds += before.wall_seconds;
  sum.peak_rss_bytes = std::max(before.peak_rss_bytes, now.peak_rss_bytes);
  return sum;
}

nlohmann::json json_of(const Account& account) {
  nlohmann::json out = account;
  if (!account.stages.empty()) out[kStageAccounts] = account.stages;
  return out;
}

Account account_from(const nlohmann::json& stored) {
  auto out = stored.get<Account>();
  if (stored.contains(kStageAccounts))
    out.stages = stored[kStageAccounts].get<std::vector<StageAccount>>();
  return out;
}

}  // namespace histoloom
