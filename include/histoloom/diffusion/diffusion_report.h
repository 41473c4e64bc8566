// What painting a canvas took.
#pragma once

#include <cstdint>
#include <vector>

namespace histoloom {

struct StepCoverage {
  std::int64_t crops = 0;    // crops that were evaluated
  std::int64_t minimum = 0;  // disjoint patches that would cover the cells to be painted
  bool tapered = false;
};

struct DiffusionReport {
  std::int64_t evaluations = 0;         // patches through the denoiser, padding not counted
  std::int64_t padded_evaluations = 0;  // patches that only filled a batch
  std::int64_t batches = 0;
  double denoiser_seconds = 0;  // wall time with at least one call running
  double gflop_per_evaluation = 0;
  std::vector<StepCoverage> steps;
};

}  // namespace histoloom
