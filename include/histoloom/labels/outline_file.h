// Where tissue lies, after a picture: the thumbnail of a real slide, or a drawing.
#pragma once

#include <filesystem>
#include <memory>

#include "histoloom/labels/label_field.h"
#include "histoloom/labels/layout.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

// An outline as make_outline() gives it. In a picture in colour glass is what is bright: its
// darkest channel is at least 210 of 255, as H&E never is. In a picture of a single band glass is 0
// and everything else tissue. The picture may have any size of the slide's proportions, within
// 2 %. If it is coarser than cells, its edges are smoothed and frayed by seeded noise of two of its
// pixels.
//
// UserError for a file that is no 8-bit image of 1, 3 or 4 bands, for more than 100 million pixels
// or other proportions. UserError, too, for a label set without glass.
std::unique_ptr<LabelField> read_outline(const std::filesystem::path& path, CellSize size,
                                         const LabelSet& labels, const LayoutOptions& options);

}  // namespace histoloom
