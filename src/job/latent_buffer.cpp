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

}  // namespace

LatentArray latent_buffer_at(const std::filesystem::path& path, bool resumed,
                             const LatentBufferShape& shape, ChunkCache& cache) {
  if (!resumed) return LatentArray::create(path, shape.channels, shape.size, shape.type, cache);
  LatentArray found = LatentArray::open(path, cache);
  const LatentBufferShape its{found.channels(), found.size(), found.type()};
  if (its != shape)
    throw UserError(fmt::format("{}: is damaged: has {} where {} belong; {}", path.string(),
                                text_of(its), text_of(shape), kStartOver));
  return found;
}

}  // namespace histoloom
