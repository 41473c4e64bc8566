// Safetensors: u64 little-endian N, N bytes of JSON, then the tensors' bytes.
//
// What the file says is checked before anything is allocated on its word:
//   - N against the file and 100 MB
//   - dtypes, and shapes (products without overflow)
//   - data_offsets without holes, overlaps or a remainder
//   - unique keys
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "histoloom/weights/weights_file.h"

namespace histoloom {

class SafetensorsFile final : public WeightsFile {
 public:
  // Maps the file and checks its header. UserError names the path and what is wrong.
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile() override;
  SafetensorsFile(SafetensorsFile&&) noexcept;

  const std::filesystem::path& path() const override;
  std::vector<std::string> names() const override;
  bool contains(const std::string& name) const override;
  std::vector<std::int64_t> shape(const std::string& name) const override;
  // The strings of `__metadata__`.
  const std::map<std::string, std::string>& metadata() const override;
  // A tensor's bytes; dtypes: F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL.
  TensorBytes bytes(const std::string& name) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The bytes of a file of `tensors`, whose elements lie one after another.
std::string safetensors_bytes(const std::vector<std::pair<std::string, TensorBytes>>& tensors,
                              const std::map<std::string, std::string>& metadata);

// Writes safetensors_bytes() aside, syncs, renames. \error UserError names the path.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, TensorBytes>>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace histoloom
