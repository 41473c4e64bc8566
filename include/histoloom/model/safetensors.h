// Safetensors: u64 little-endian N, N bytes of JSON, then the tensors' bytes.
//
// The file is mapped, not read; a tensor is copied when it is asked for. What the file says is
// checked before anything is allocated on its word: N against the file and 100 MB, dtypes, shapes
// (products without overflow), data_offsets without holes, overlaps or a remainder, unique keys.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "histoloom/model/denoiser.h"

namespace histoloom {

class SafetensorsFile {
 public:
  // Maps the file and checks its header. UserError names the path and what is wrong.
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;

  std::vector<std::string> names() const;
  bool contains(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const;
  // A copy of the tensor in its own dtype (F64 F32 F16 BF16 I64 I32 U8 BOOL).
  at::Tensor tensor(const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Writes `tensors` aside, syncs, renames. UserError names the path.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata);

// Copies every tensor of `file` into the parameter of its name (converted to the parameter's
// dtype). UserError names the first that is missing, unexpected, of another shape or not finite.
void load_parameters(const NamedTensors& parameters, const std::filesystem::path& file);

}  // namespace histoloom
