#pragma once

namespace histoloom {
// Decides, with the job, what a slide looks like; stands in every file that is written.
inline constexpr const char* kVersion = "0.1.0";
}  // namespace histoloom
