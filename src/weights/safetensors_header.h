// What a safetensors file says about its tensors, without torch.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "histoloom/weights/stored_tensor.h"

namespace histoloom {

struct SafetensorsHeader {
  std::map<std::string, StoredTensor> tensors;  // their data begin at `data`
  std::map<std::string, std::string> metadata;
  std::uint64_t data = 0;  // offset in the file
};

// Parses and checks the header of a whole file (histoloom/weights/safetensors.h says what is
// checked). UserError begins with `path`.
SafetensorsHeader parse_safetensors_header(std::span<const std::uint8_t> file,
                                           const std::string& path);

// The dtype's name in the header ("BF16").
std::string safetensors_name(ElementType type);

}  // namespace histoloom
