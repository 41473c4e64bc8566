#include "histoloom/model/weights_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "checkpoint.h"
#include "histoloom/core/error.h"
#include "histoloom/model/autoencoder.h"
#include "histoloom/model/safetensors.h"
#include "mapped_file.h"
#include "sharded_weights.h"

namespace histoloom {

namespace {

[[noreturn]] void bad_tensor(const WeightsFile& file, const std::string& name,
                             const std::string& what) {
  throw UserError(fmt::format("{}: tensor '{}' {}", file.path().string(), name, what));
}

std::vector<std::int64_t> without_trailing_ones(std::vector<std::int64_t> shape) {
  while (!shape.empty() && shape.back() == 1) shape.pop_back();
  return shape;
}

void load_parameter(at::Tensor parameter, const WeightsFile& file, const std::string& name) {
  const auto shape = file.shape(name);
  const auto wanted = parameter.sizes().vec();
  if (without_trailing_ones(shape) != without_trailing_ones(wanted))
    bad_tensor(file, name,
               fmt::format("has the shape [{}], the architecture needs [{}]",
                           fmt::join(shape, ", "), fmt::join(wanted, ", ")));
  parameter.copy_(file.tensor(name).reshape(wanted));
  // After the conversion, in which a large value may become infinite.
  if (!at::isfinite(parameter).all().item<bool>())
    bad_tensor(file, name,
               "holds values that are not finite; the file is damaged or its training failed");
}

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

void load_parameters(const NamedTensors& parameters, const WeightsFile& file,
                     const std::map<std::string, std::string>& names) {
  torch::NoGradGuard no_grad;
  std::set<std::string> wanted;
  for (const auto& [name, parameter] : parameters) {
    const auto renamed = names.find(name);
    const std::string& stored = renamed == names.end() ? name : renamed->second;
    wanted.insert(stored);
    load_parameter(parameter, file, stored);
  }
  for (const std::string& name : file.names()) {
    if (!wanted.contains(name)) bad_tensor(file, name, "is not part of the architecture");
  }
}

void load_parameters(const NamedTensors& parameters, const std::filesystem::path& path) {
  load_parameters(parameters, *open_weights(path));
}

void Denoiser::load(const std::filesystem::path& weights) {
  load_parameters(parameters(), weights);
}

void Autoencoder::load(const std::filesystem::path& weights) {
  load_parameters(parameters(), weights);
}

}  // namespace histoloom
