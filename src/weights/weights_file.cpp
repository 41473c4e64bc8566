#include "histoloom/weights/weights_file.h"

#include <fmt/format.h>

#include "checkpoint_file.h"
#include "histoloom/core/error.h"
#include "histoloom/weights/mapped_file.h"
#include "histoloom/weights/safetensors.h"
#include "sharded_weights.h"

namespace histoloom {

namespace {

enum class Format { safetensors, index, checkpoint };

// Safetensors begin with the header's length, of which at most 4 bytes of 8 are used, and a brace;
// zip files with a signature; checkpoints before PyTorch 1.6, which their reader refuses by name,
// with a pickle's protocol.
Format format_of(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() > 8 && text.substr(4, 5) == std::string_view("\0\0\0\0{", 5))
    return Format::safetensors;
  if (text.starts_with("PK\3\4") || (bytes.size() > 1 && bytes[0] == 0x80 && bytes[1] <= 5))
    return Format::checkpoint;
  if (text.substr(0, text.find_first_not_of(" \t\r\n") + 1).ends_with('{')) return Format::index;
  throw UserError(
      fmt::format("{}: not a file of weights; safetensors files, indices of their shards and "
                  "checkpoints of torch.save are read",
                  path.string()));
}

}  // namespace

std::unique_ptr<WeightsFile> open_weights(const std::filesystem::path& path) {
  switch (format_of(path)) {
    case Format::checkpoint:
      return std::make_unique<CheckpointFile>(path);
    case Format::index:
      return std::make_unique<ShardedWeights>(path);
    case Format::safetensors:
      return std::make_unique<SafetensorsFile>(path);
  }
  throw InternalError("a weights file of an unknown format");
}

}  // namespace histoloom
