// A tensor's bytes in a file's mapping.
#pragma once

#include <cstdint>
#include <memory>

#include "histoloom/weights/mapped_file.h"
#include "histoloom/weights/weights_file.h"

namespace histoloom {

// The bytes of a tensor whose data begin at byte `data` of the file. \error UserError if the file
// has shrunk.
inline TensorBytes mapped_bytes(const std::shared_ptr<const MappedFile>& file, std::uint64_t data,
                                const StoredTensor& stored) {
  file->require_whole();
  return {file, file->bytes().data() + data + stored.offset, stored};
}

}  // namespace histoloom
