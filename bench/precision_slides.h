// What a dtype changes in the finished picture, beside what other choices change.
#pragma once

#include <filesystem>
#include <string>

namespace histoloom {

// Paints slides of 512 × 512 px, tissue edge to edge and uncompressed, with the bundle's sampler
// and without the sampler's own noise (eta 0), and prints how far they are from those of float32:
// `dtype`, one step more, another seed. \error UserError where float32 twice isn't equal to the
// bit.
void report_slides(const std::filesystem::path& bundle, const std::string& dtype);

}  // namespace histoloom
