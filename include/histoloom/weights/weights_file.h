// Named tensors of a file, whatever its format: safetensors, an index of safetensors shards, or a
// checkpoint that torch.save wrote.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "histoloom/weights/stored_tensor.h"

namespace histoloom {

// A tensor's bytes where they lie.
struct TensorBytes {
  std::shared_ptr<const void> owner;    // owner of the bytes, which keeps them alive
  const std::uint8_t* first = nullptr;  // first element, aligned only as in the file
  StoredTensor stored;                  // dtype, shape and strides
};

// Files are mapped, not read. All that a file says is checked when it is opened, but not its
// tensors' values. Whoever changes a file must do so by renaming another over it, as we do. A file
// that is cut while it is mapped is noticed when a tensor is asked for; cut later, it ends the
// program (SIGBUS).
//
// Any thread may call. Errors are UserErrors that begin with the path.
class WeightsFile {
 public:
  virtual ~WeightsFile() = default;

  virtual const std::filesystem::path& path() const = 0;
  // Names of all tensors, sorted.
  virtual std::vector<std::string> names() const = 0;
  virtual bool contains(const std::string& name) const = 0;
  // Sizes of a tensor's dimensions. UserError if there is no such tensor.
  virtual std::vector<std::int64_t> shape(const std::string& name) const = 0;
  // The texts that the file carries; empty if its format has none.
  virtual const std::map<std::string, std::string>& metadata() const = 0;
  // A tensor's bytes in its own dtype, which may lie in the file's mapping. The bytes keep the
  // mapping alive and are not to be written to. \error UserError if there is no such tensor.
  virtual TensorBytes bytes(const std::string& name) const = 0;
};

// Opens a file of weights; its content, not its name, says which format it has. A checkpoint's
// nested dicts are flattened, its keys joined by dots: 'ema.ema_model.model.final_conv.bias'.
std::unique_ptr<WeightsFile> open_weights(const std::filesystem::path& path);

// A view of the tensors whose names begin with `prefix`, under what follows it. UserError if there
// are none.
std::unique_ptr<WeightsFile> section(std::shared_ptr<const WeightsFile> file, std::string prefix);

}  // namespace histoloom
