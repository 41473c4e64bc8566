// A network's named tensors, to and from files of weights.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "histoloom/weights/weights_file.h"

namespace at {
class Tensor;
}

namespace histoloom {

// Named tensors of a network, in a fixed order; the names are those of its safetensors file.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// A tensor of a file, in its own dtype. The tensor shares the file's bytes and keeps them alive, so
// it is not to be written to. The tensor is a copy if the file doesn't align it for its dtype.
// \error UserError if there is no such tensor.
at::Tensor read_tensor(const WeightsFile& file, const std::string& name);
// The bytes of a tensor, which they keep alive.
TensorBytes bytes_of(const at::Tensor& tensor);

// Copies every tensor of `file` into the parameter of its name (converted to the parameter's
// dtype). `names` says what the file calls a parameter, if its name differs there. A shape that
// differs by trailing ones only, as [C, C, 1, 1] does from [C, C], is taken. UserError names the
// first tensor that is missing, unexpected, of another shape or not finite.
void load_parameters(const NamedTensors& parameters, const WeightsFile& file,
                     const std::map<std::string, std::string>& names = {});

// Loads the parameters from open_weights(path).
void load_parameters(const NamedTensors& parameters, const std::filesystem::path& path);

// Writes `tensors` as safetensors: aside, synced, renamed. \error UserError names the path.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace histoloom
