// The report of a job in several runs.
#include "account.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace histoloom {
namespace {

Account account(int n) {
  Account t;
  t.diffusion = {n, 2 * n, 3 * n, 0.5 * n, 2.95, {{n, n + 1, n > 1}}};
  t.decode = {4 * n, 0.25 * n};
  t.traffic = {static_cast<std::uint64_t>(5 * n), static_cast<std::uint64_t>(6 * n)};
  t.mask_seconds = n;
  t.diffusion_seconds = 10 * n;
  t.decode_seconds = 100 * n;
  t.wall_seconds = 1000 * n;
  t.peak_rss_bytes = static_cast<std::uint64_t>(1 << n);
  return t;
}

TEST(Account, OfTwoRunsIsTheirSumWithTheStepsInOrderAndTheLargerPeak) {
  Account expected = account(3);
  expected.diffusion.steps = {{2, 3, true}, {1, 2, false}};
  expected.peak_rss_bytes = 4;
  EXPECT_EQ(json_of(sum_of(account(2), account(1))), json_of(expected));
}

TEST(Account, ComesBackFromItsJson) {
  const nlohmann::json json = json_of(account(3));
  EXPECT_EQ(json_of(account_from(json)), json);
  for (const auto& [key, value] : json.items()) {
    nlohmann::json less = json;
    less.erase(key);
    EXPECT_THROW(account_from(less), nlohmann::json::exception) << key;
  }
}

}  // namespace
}  // namespace histoloom
