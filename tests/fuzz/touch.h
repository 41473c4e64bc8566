// Reading what a parser says can be read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "histoloom/weights/stored_tensor.h"

namespace histoloom::fuzz {

// Reads a tensor's first and last byte; the sanitizer tells where they don't lie in the file.
inline void touch(std::span<const std::uint8_t> file, std::uint64_t data,
                  const StoredTensor& tensor) {
  if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) return;
  std::uint64_t last = 0;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d)
    last += static_cast<std::uint64_t>(tensor.shape[d] - 1) *
            static_cast<std::uint64_t>(tensor.strides[d]);
  const std::uint8_t* first = file.data() + data + tensor.offset;
  const std::size_t item = element_bytes(tensor.type);
  [[maybe_unused]] volatile std::uint8_t seen = first[0];
  seen = first[last * item + item - 1];
}

}  // namespace histoloom::fuzz
