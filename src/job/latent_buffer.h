// The arrays that a job paints into: made by its first run, found by those that go on.
#pragma once

#include <filesystem>

#include "histoloom/store/latent_array.h"

namespace histoloom {

struct LatentBufferShape {
  int channels = 0;
  LatentSize size;
  StoreType type = StoreType::float16;

  bool operator==(const LatentBufferShape&) const = default;
};

// Makes the array, or opens the one that is there where the job is `resumed`. \error UserError that
// names what doesn't fit: an array of another shape is no more the job's than a broken one.
LatentArray latent_buffer_at(const std::filesystem::path& path, bool resumed,
                             const LatentBufferShape& shape, ChunkCache& cache);

}  // namespace histoloom
