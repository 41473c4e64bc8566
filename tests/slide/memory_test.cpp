// What of --memory is whose.
#include "memory.h"

#include <gtest/gtest.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

ModelBundle bundle() {
  ModelBundle b;
  b.downsampling = 8;
  b.latent_channels = 16;
  b.patch = 32;
  b.batch = 8;
  b.decode_window = 32;
  b.decode_overlap = 8;
  return b;
}

TEST(PaintingMemory, IsStripCropsAndCalls) {
  DiffusionOptions options;
  options.threads = 2;
  // 4·16·32·1000; (2·2 + 2)·8·32²·(12·16 + 3); 2·8·32²·(16·16 + 16)
  const std::uint64_t strip = 2'048'000, crops = 9'584'640, calls = 4'456'448;
  EXPECT_EQ(painting_memory(bundle(), {1000, 500}, options), strip + crops + calls);
  options.tapered_steps = 0;
  EXPECT_EQ(painting_memory(bundle(), {1000, 500}, options), crops + calls);
  options.plan = PlanKind::random;
  EXPECT_EQ(painting_memory(bundle(), {1000, 500}, options), crops + calls + 1000 * 500 / 8);
}

TEST(DecodingMemory, IsStripRowsAndWindows) {
  // 12·256·8192; 3·(256 − 64)·8192; (2 + 1)·4·(12·256² + 12·16·32²)
  EXPECT_EQ(decoding_memory(bundle(), 8192, 2), 25'165'824u + 4'718'592u + 11'796'480u);
}

TEST(DivideMemory, GivesTheStoreWhatTheLargerStageLeaves) {
  const MemoryPlan plan =
      divide_memory("64MiB", {.painting = 20 * kMiB, .decoding = 30 * kMiB}, "a slide", 2);
  EXPECT_EQ(plan.working, 30 * kMiB);
  EXPECT_EQ(plan.cache, 34 * kMiB);
  const MemoryPlan other =
      divide_memory("64MiB", {.painting = 60 * kMiB, .decoding = 30 * kMiB}, "a slide", 2);
  EXPECT_EQ(other.cache, 4 * kMiB) << "the least: eight chunks";
}

TEST(DivideMemory, RefusesABudgetThatCantBeKeptAndSaysWhichCan) {
  const MemoryNeed need{.painting = 60 * kMiB + 1, .decoding = 30 * kMiB};
  EXPECT_EQ(message_of([&] { divide_memory("64MiB", need, "a slide 512 px wide", 2); }),
            "--memory 64MiB: a slide 512 px wide takes at least 65MiB with 2 threads, beside the "
            "networks; give that much, or fewer --threads");
  EXPECT_EQ(divide_memory("65MiB", need, "", 2).cache, 5 * kMiB - 1);
  EXPECT_EQ(message_of([&] { divide_memory("1B", need, "a region", 1); }),
            "--memory 1B: a region takes at least 65MiB with 1 thread, beside the networks; give "
            "that much, or fewer --threads");
}

TEST(DivideMemory, WithoutABudgetIsAGibibyteOrWhatIsNeeded) {
  EXPECT_EQ(divide_memory("", {100 * kMiB, 24 * kMiB}, "", 2).cache, 924 * kMiB);
  EXPECT_EQ(divide_memory("", {100 * kMiB, 3000 * kMiB}, "", 2).cache, 64 * kMiB);
}

}  // namespace
}  // namespace histoloom
