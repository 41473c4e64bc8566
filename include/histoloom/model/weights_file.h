// Named tensors of a file, whatever its format: safetensors, an index of safetensors shards, or a
// checkpoint that torch.save wrote.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "histoloom/model/denoiser.h"

namespace histoloom {

// Files are mapped, not read. All that a file says is checked when it is opened, its tensors'
// values aren't. Whoever changes a file must do so by renaming another over it, as we do: one that
// is cut while it is mapped is noticed when a tensor is asked for, but ends the program (SIGBUS)
// where that happens later.
//
// Any thread may call. Errors are UserErrors that begin with the path.
class WeightsFile {
 public:
  virtual ~WeightsFile() = default;

  virtual const std::filesystem::path& path() const = 0;
  // Names of all tensors, sorted.
  virtual std::vector<std::string> names() const = 0;
  virtual bool contains(const std::string& name) const = 0;
  // UserError where there is no such tensor.
  virtual std::vector<std::int64_t> shape(const std::string& name) const = 0;
  // The texts that the file carries; empty where its format has none.
  virtual const std::map<std::string, std::string>& metadata() const = 0;
  // The tensor in its own dtype. It may share the file's mapping, which it keeps alive, so it is
  // not to be written to. UserError where there is no such tensor.
  virtual at::Tensor tensor(const std::string& name) const = 0;
};

// Opens a file of weights; its content, not its name, says which format it has. A checkpoint's
// nested dicts are flattened, its keys joined by dots: 'ema.ema_model.model.final_conv.bias'.
std::unique_ptr<WeightsFile> open_weights(const std::filesystem::path& path);

// A view of the tensors whose names begin with `prefix`, under what follows it. UserError where
// there are none.
std::unique_ptr<WeightsFile> section(std::shared_ptr<const WeightsFile> file, std::string prefix);

// Copies every tensor of `file` into the parameter of its name (converted to the parameter's
// dtype). `names` says what the file calls a parameter, where that differs. A shape that differs by
// trailing ones only, as [C, C, 1, 1] does from [C, C], is taken. UserError names the first that is
// missing, unexpected, of another shape or not finite.
void load_parameters(const NamedTensors& parameters, const WeightsFile& file,
                     const std::map<std::string, std::string>& names = {});

// The same from open_weights(path).
void load_parameters(const NamedTensors& parameters, const std::filesystem::path& path);

}  // namespace histoloom
