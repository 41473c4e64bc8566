#include "checkpoint_file.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "mapped_bytes.h"

namespace histoloom {

CheckpointFile::CheckpointFile(const std::filesystem::path& path)
    : file_(std::make_shared<MappedFile>(path)),
      directory_(parse_checkpoint(file_->bytes(), path.string())) {}

std::vector<std::string> CheckpointFile::names() const {
  std::vector<std::string> out;
  for (const auto& [name, tensor] : directory_.tensors) out.push_back(name);
  return out;
}

bool CheckpointFile::contains(const std::string& name) const {
  return directory_.tensors.contains(name);
}

std::vector<std::int64_t> CheckpointFile::shape(const std::string& name) const {
  return find(name).stored.shape;
}

TensorBytes CheckpointFile::bytes(const std::string& name) const {
  const CheckpointTensor& found = find(name);
  file_->require_whole();
  check_storage(found.storage);
  return mapped_bytes(file_, 0, found.stored);
}

const CheckpointTensor& CheckpointFile::find(const std::string& name) const {
  const auto found = directory_.tensors.find(name);
  if (found == directory_.tensors.end())
    throw UserError(fmt::format("{}: tensor '{}' is missing", path().string(), printable(name)));
  return found->second;
}

void CheckpointFile::check_storage(const std::string& entry) const {
  const std::lock_guard lock(mutex_);
  if (checked_.contains(entry)) return;
  check_crc(file_->bytes(), entry, directory_.zip.find(entry)->second, path().string());
  checked_.insert(entry);
}

}  // namespace histoloom
