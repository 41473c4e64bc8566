// What a job holds in memory beside its networks, and what of --memory that leaves for the chunks
// of the store.
//
// Of a slide W px wide, with N threads, a canvas of w × h cells of C channels, patches of p cells a
// side and B patches a batch, decoded in windows of s cells = S px a side that overlap by V px, in
// bytes:
//
//   painting   4·C·p·w                             the strip of tapered steps
//              + (2·N + 2)·B·p²·(12·C + 4·K + 3)   crops on their way, at most, with K planes of a
//                                                  coarser stage
//              + N·B·p²·(16·C + 12·K + 16)         what calls of the denoiser take and give
//              + w·h / 8                           with the random plan
//   decoding   12·S·W                              the decoder's strip
//              + 3·(S − V)·W                       rows that are handed to the pyramid
//              + (N + 1)·4·(12·S² + 12·C·s²)       windows on their way, four a call
//              + pyramid::memory_bound()           strips and tiles of the slide's writer
//
// One comes after the other, so the larger one counts; the cache is there in both. Labels come on
// top, some bytes a run of equal cells in a row, and the networks: their weights and what their
// layers hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "histoloom/job/machine_spec.h"

namespace histoloom {

struct MemoryNeed {
  std::uint64_t painting = 0, decoding = 0;
};

struct MemoryShares {
  std::uint64_t working = 0;  // strips, batches and tiles
  std::uint64_t cache = 0;    // for the store's chunks
};

// Divides a budget, as --memory has it; without one it is 1 GiB, or more where that doesn't do.
// \error UserError for a budget that can't be kept, with the least that can: `what` is "a slide 512
// px wide".
MemoryShares divide_memory(const std::optional<MemoryBudget>& budget, const MemoryNeed& need,
                           const std::string& what, int threads);

}  // namespace histoloom
