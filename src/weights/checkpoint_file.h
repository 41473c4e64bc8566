// PyTorch checkpoints (.pt, .pth, .ckpt, .bin): zip files with a pickled state dict, as torch.save
// writes them since PyTorch 1.6. No code of the file is run; pickle.h says what is read.
#pragma once

#include <memory>
#include <mutex>
#include <set>

#include "checkpoint_directory.h"
#include "histoloom/weights/mapped_file.h"
#include "histoloom/weights/weights_file.h"

namespace histoloom {

// Nested dicts are flattened: state["ema"]["weight"] is 'ema.weight'.
class CheckpointFile final : public WeightsFile {
 public:
  // Maps the file and checks its directory and its pickle. UserError names the path and what is
  // wrong.
  explicit CheckpointFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const override { return file_->path(); }
  std::vector<std::string> names() const override;
  bool contains(const std::string& name) const override;
  std::vector<std::int64_t> shape(const std::string& name) const override;
  const std::map<std::string, std::string>& metadata() const override { return metadata_; }
  // A storage's checksum is checked when the first of its tensors is asked for.
  TensorBytes bytes(const std::string& name) const override;

 private:
  const CheckpointTensor& find(const std::string& name) const;
  void check_storage(const std::string& entry) const;

  std::shared_ptr<const MappedFile> file_;
  CheckpointDirectory directory_;
  std::map<std::string, std::string> metadata_;  // always empty
  mutable std::mutex mutex_;
  mutable std::set<std::string> checked_;  // storages
};

}  // namespace histoloom
