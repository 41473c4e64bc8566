// Tensors of torch over a file's mapping.
#pragma once

#include <torch/torch.h>

#include <memory>

#include "mapped_file.h"
#include "stored_tensor.h"

namespace histoloom {

at::ScalarType scalar_type(ElementType type);
// The element type of a tensor; InternalError for one that no file of ours holds.
ElementType element_type(const at::Tensor& tensor);

// A tensor whose data begin at byte `data` of the file. It shares the mapping, which lives as long
// as it does; where the file doesn't align it for its dtype it is a copy. UserError where the file
// has shrunk.
at::Tensor mapped_tensor(const std::shared_ptr<const MappedFile>& file, std::uint64_t data,
                         const StoredTensor& stored);

}  // namespace histoloom
