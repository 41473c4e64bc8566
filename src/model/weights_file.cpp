#include "histoloom/model/weights_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "histoloom/core/error.h"
#include "histoloom/model/safetensors.h"

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

}  // namespace

std::unique_ptr<WeightsFile> open_weights(const std::filesystem::path& path) {
  return std::make_unique<SafetensorsFile>(path);
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

}  // namespace histoloom
