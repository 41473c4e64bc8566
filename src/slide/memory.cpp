#include "memory.h"

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

std::uint64_t bytes(std::int64_t n) { return static_cast<std::uint64_t>(n); }

}  // namespace

std::uint64_t painting_memory(const ModelBundle& bundle, LatentSize canvas,
                              const DiffusionOptions& options) {
  const std::int64_t c = bundle.latent_channels, p = bundle.patch, n = options.threads;
  const std::int64_t strip = options.tapered_steps > 0 ? 4 * c * p * canvas.width : 0;
  // Crops fill a batch where one takes one evaluation.
  const std::int64_t crops = (2 * n + 2) * bundle.batch * p * p * (12 * c + 3);
  const std::int64_t calls = n * bundle.batch * p * p * (16 * c + 16);
  const std::int64_t plan = options.plan == PlanKind::random ? canvas.area() / 8 : 0;
  return bytes(strip + crops + calls + plan);
}

std::uint64_t decoding_memory(const ModelBundle& bundle, std::int64_t width, int threads) {
  const std::int64_t window = bundle.decode_window, side = window * bundle.downsampling;
  const std::int64_t step = side - bundle.decode_overlap * bundle.downsampling;
  const std::int64_t windows = (threads + 1) * DecodeOptions().batch *
                               (12 * side * side + 12 * bundle.latent_channels * window * window);
  return bytes(12 * side * width + 3 * step * width + windows);
}

MemoryPlan divide_memory(const std::string& budget, const MemoryNeed& need, const std::string& what,
                         int threads) {
  MemoryPlan out{.working = std::max(need.painting, need.decoding)};
  if (budget.empty()) {
    out.cache = std::max(kUsual, out.working + kGoodCache) - out.working;
    return out;
  }
  const std::uint64_t given = with_context("--memory", [&] { return parse_byte_size(budget); });
  const std::uint64_t least = out.working + kLeastCache;
  if (given < least)
    throw UserError(fmt::format(
        "--memory {}: {} takes at least {}MiB with {} thread{}, beside the networks; give that "
        "much, or fewer --threads",
        budget, what, (least + kMiB - 1) / kMiB, threads, threads == 1 ? "" : "s"));
  out.cache = given - out.working;
  return out;
}

}  // namespace histoloom
