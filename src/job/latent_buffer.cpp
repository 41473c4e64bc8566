#include "latent_buffer.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/store/start_over.h"

namespace histoloom {

namespace {

std::string text_of(const LatentBufferShape& shape) {
  return fmt::format("{} channels of {}x{} cells in {}", shape.channels, shape.size.width,
                     shape.size.height, shape.type == StoreType::float16 ? "float16" : "float32");
}

// The job with the array's place in it, "3f5a… latents/0".
std::string owner_of(const std::filesystem::path& path, const std::string& job) {
  if (job.empty()) return {};
  return fmt::format("{} {}/{}", job, path.parent_path().filename().string(),
                     path.filename().string());
}

}  // namespace

LatentArray latent_buffer_at(const std::filesystem::path& path, const std::string& job,
                             bool resumed, const LatentBufferShape& shape, ChunkCache& cache) {
  const std::string owner = owner_of(path, job);
  if (!resumed)
    return LatentArray::create(path, shape.channels, shape.size, shape.type, cache, owner);
  LatentArray found = LatentArray::open(path, cache, owner);
  const LatentBufferShape its{found.channels(), found.size(), found.type()};
  if (its != shape)
    throw UserError(fmt::format("{}: is damaged: has {} where {} belong; {}", path.string(),
                                text_of(its), text_of(shape), kStartOver));
  return found;
}

}  // namespace histoloom
