#pragma once

namespace histoloom {

// The cure for what an earlier run left and no run can go on with.
inline constexpr const char* kStartOver = "start over with --force and without --resume";

}  // namespace histoloom
