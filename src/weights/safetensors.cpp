#include "histoloom/weights/safetensors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/weights/mapped_file.h"
#include "mapped_bytes.h"
#include "safetensors_header.h"

namespace histoloom {

struct SafetensorsFile::State {
  std::shared_ptr<const MappedFile> file;
  SafetensorsHeader header;

  const StoredTensor& find(const std::string& name) const {
    const auto found = header.tensors.find(name);
    if (found == header.tensors.end())
      throw UserError(
          fmt::format("{}: tensor '{}' is missing", file->path().string(), printable(name)));
    return found->second;
  }
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : state_(std::make_unique<State>()) {
  state_->file = std::make_shared<MappedFile>(path);
  state_->header = parse_safetensors_header(state_->file->bytes(), path.string());
}
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;

const std::filesystem::path& SafetensorsFile::path() const { return state_->file->path(); }

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> out;
  for (const auto& [name, tensor] : state_->header.tensors) out.push_back(name);
  return out;
}

bool SafetensorsFile::contains(const std::string& name) const {
  return state_->header.tensors.contains(name);
}

std::vector<std::int64_t> SafetensorsFile::shape(const std::string& name) const {
  return state_->find(name).shape;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return state_->header.metadata;
}

TensorBytes SafetensorsFile::bytes(const std::string& name) const {
  return mapped_bytes(state_->file, state_->header.data, state_->find(name));
}

std::string safetensors_bytes(const std::vector<std::pair<std::string, TensorBytes>>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const StoredTensor& stored = tensor.stored;
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.first),
                *shape_bytes(stored.shape, stored.type));
    header[name] = {{"dtype", safetensors_name(stored.type)},
                    {"shape", stored.shape},
                    {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data is aligned
  const std::uint64_t n = text.size();
  std::string bytes(reinterpret_cast<const char*>(&n), 8);
  return bytes + text + data;
}

void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, TensorBytes>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  replace_file(path, safetensors_bytes(tensors, metadata));
}

}  // namespace histoloom
