// What of --memory is whose.
#include <gtest/gtest.h>

#include "histoloom/core/byte_size.h"
#include "memory_shares.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

MemoryBudget budget(const std::string& text) { return {text, parse_byte_size(text)}; }

TEST(DivideMemory, GivesTheStoreWhatTheLargerStageLeaves) {
  const MemoryShares plan =
      divide_memory(budget("64MiB"), {.painting = 20 * kMiB, .decoding = 30 * kMiB}, "a slide", 2);
  EXPECT_EQ(plan.working, 30 * kMiB);
  EXPECT_EQ(plan.cache, 34 * kMiB);
  const MemoryShares other =
      divide_memory(budget("64MiB"), {.painting = 60 * kMiB, .decoding = 30 * kMiB}, "a slide", 2);
  EXPECT_EQ(other.cache, 4 * kMiB) << "the least: eight chunks";
}

TEST(DivideMemory, RefusesABudgetThatCantBeKeptAndSaysWhichCan) {
  const MemoryNeed need{.painting = 60 * kMiB + 1, .decoding = 30 * kMiB};
  EXPECT_EQ(message_of([&] { divide_memory(budget("64MiB"), need, "a slide 512 px wide", 2); }),
            "--memory 64MiB: a slide 512 px wide takes at least 65MiB with 2 threads, beside the "
            "networks; give that much, or fewer --threads");
  EXPECT_EQ(divide_memory(budget("65MiB"), need, "", 2).cache, 5 * kMiB - 1);
  EXPECT_EQ(message_of([&] { divide_memory(budget("1B"), need, "a region", 1); }),
            "--memory 1B: a region takes at least 65MiB with 1 thread, beside the networks; give "
            "that much, or fewer --threads");
}

TEST(DivideMemory, WithoutABudgetIsAGibibyteOrWhatIsNeeded) {
  EXPECT_EQ(divide_memory({}, {100 * kMiB, 24 * kMiB}, "", 2).cache, 924 * kMiB);
  EXPECT_EQ(divide_memory({}, {100 * kMiB, 3000 * kMiB}, "", 2).cache, 64 * kMiB);
}

}  // namespace
}  // namespace histoloom
