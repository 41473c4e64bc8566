// The arrays that a job paints into: made by its first run, found by those that go on.
#pragma once

#include <filesystem>
#include <string>

#include "histoloom/store/latent_array.h"

namespace histoloom {

struct LatentBufferShape {
  int channels = 0;
  LatentSize size;
  StoreType type = StoreType::float16;

  bool operator==(const LatentBufferShape&) const = default;
};

// Makes the array of a job, or opens the one that is there if the job is `resumed`. `job`: its
// SHA-256, or nothing for a job that is never resumed. \error UserError that names what doesn't fit:
// an array of another shape, job or place is no more the job's than a broken one.
LatentArray latent_buffer_at(const std::filesystem::path& path, const std::string& job,
                             bool resumed, const LatentBufferShape& shape, ChunkCache& cache);

}  // namespace histoloom
