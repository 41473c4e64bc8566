#include "weights_section.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/weights/stored_tensor.h"

namespace histoloom {

WeightsSection::WeightsSection(std::shared_ptr<const WeightsFile> file, std::string prefix)
    : file_(std::move(file)), prefix_(std::move(prefix)) {
  const std::vector<std::string> all = file_->names();
  for (const std::string& name : all)
    if (name.starts_with(prefix_)) names_.push_back(name.substr(prefix_.size()));
  if (names_.empty())
    throw UserError(fmt::format("{}: no tensor's name begins with '{}'; the first is '{}'",
                                file_->path().string(), prefix_,
                                all.empty() ? "" : printable(all.front())));
}

std::vector<std::int64_t> WeightsSection::shape(const std::string& name) const {
  return file_->shape(prefix_ + name);
}

TensorBytes WeightsSection::bytes(const std::string& name) const {
  return file_->bytes(prefix_ + name);
}

std::unique_ptr<WeightsFile> section(std::shared_ptr<const WeightsFile> file, std::string prefix) {
  return std::make_unique<WeightsSection>(std::move(file), std::move(prefix));
}

}  // namespace histoloom
