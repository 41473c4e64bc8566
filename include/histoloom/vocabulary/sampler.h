// The choices of a sampler that options, bundles and jobs name.
#pragma once

#include "histoloom/vocabulary/enum_names.h"

namespace histoloom {

// How a cell goes from one time of the schedule to the next (diffusion/solver.h).
enum class SolverKind { ddim, dpmpp };

// How the times of a sampler lie.
//   time     evenly, as DiffInfinite draws them
//   log_snr  evenly in the log signal-to-noise ratio (Lu et al. 2022, DPM-Solver, section 3.2). So
//            coarse structure and fine detail, which the first and the last steps decide, keep
//            their contrast in few steps.
enum class Spacing { time, log_snr };

// How crops cover the canvas (diffusion/patch_plan.h).
enum class PlanKind { shifted, random };

template <>
struct EnumNames<SolverKind> {
  static constexpr std::array table{std::pair{SolverKind::dpmpp, std::string_view("dpm++")},
                                    std::pair{SolverKind::ddim, std::string_view("ddim")}};
};
template <>
struct EnumNames<Spacing> {
  static constexpr std::array table{std::pair{Spacing::time, std::string_view("time")},
                                    std::pair{Spacing::log_snr, std::string_view("log_snr")}};
};
template <>
struct EnumNames<PlanKind> {
  static constexpr std::array table{std::pair{PlanKind::shifted, std::string_view("shifted")},
                                    std::pair{PlanKind::random, std::string_view("random")}};
};

}  // namespace histoloom
