// A field computed once and held as runs of equal cells.
#pragma once

#include <memory>

#include "histoloom/labels/label_field.h"

namespace histoloom {

// Reads all of `source`, by blocks of 512 × 512 cells in parallel, and keeps the runs of each row.
// A cell that differs from the one before it takes 5 bytes: some 20 MB for a layout of 12,500 ×
// 12,500 cells. While the source is read, 512 rows are held as cells.
std::unique_ptr<LabelField> packed_field(const LabelField& source);

}  // namespace histoloom
