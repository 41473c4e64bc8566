#include "memory_shares.h"

#include <fmt/format.h>

#include <algorithm>

#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kUsual = 1024 * kMiB;
// Eight chunks of 512 KiB; with fewer, every row of cells would bring one in.
constexpr std::uint64_t kLeastCache = 4 * kMiB;
constexpr std::uint64_t kGoodCache = 64 * kMiB;  // where nobody has asked for less

}  // namespace

MemoryShares divide_memory(const std::optional<MemoryBudget>& budget, const MemoryNeed& need,
                           const std::string& what, int threads) {
  MemoryShares out{.working = std::max(need.painting, need.decoding)};
  if (!budget) {
    out.cache = std::max(kUsual, out.working + kGoodCache) - out.working;
    return out;
  }
  const std::uint64_t least = out.working + kLeastCache;
  if (budget->bytes < least)
    throw UserError(fmt::format(
        "--memory {}: {} takes at least {}MiB with {} thread{}, beside the networks; give that "
        "much, or fewer --threads",
        budget->text, what, (least + kMiB - 1) / kMiB, threads, threads == 1 ? "" : "s"));
  out.cache = budget->bytes - out.working;
  return out;
}

}  // namespace histoloom
