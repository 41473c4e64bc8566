// A field computed once and held as runs of equal cells.
#pragma once

#include <memory>

#include "histoloom/labels/label_field.h"

namespace histoloom {

// Reads all of `source`, by blocks of 512 × 512 cells in parallel, and keeps the runs of each row:
// 5 bytes for every cell that differs from the one before it, some 20 MB for a layout of 12,500 ×
// 12,500 cells. While it reads, 512 rows are held as cells.
std::unique_ptr<LabelField> packed_field(const LabelField& source);

}  // namespace histoloom
