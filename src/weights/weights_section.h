// A part of a file of weights, seen as a file of its own.
#pragma once

#include <memory>

#include "histoloom/weights/weights_file.h"

namespace histoloom {

// The tensors whose names begin with a prefix, without it.
class WeightsSection final : public WeightsFile {
 public:
  // UserError where no name begins with `prefix`.
  WeightsSection(std::shared_ptr<const WeightsFile> file, std::string prefix);

  const std::filesystem::path& path() const override { return file_->path(); }
  std::vector<std::string> names() const override { return names_; }
  bool contains(const std::string& name) const override { return file_->contains(prefix_ + name); }
  std::vector<std::int64_t> shape(const std::string& name) const override;
  const std::map<std::string, std::string>& metadata() const override { return file_->metadata(); }
  TensorBytes bytes(const std::string& name) const override;

 private:
  std::shared_ptr<const WeightsFile> file_;
  std::string prefix_;
  std::vector<std::string> names_;
};

}  // namespace histoloom
