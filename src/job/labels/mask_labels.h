// The labels of a slide that a mask gives.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "histoloom/bundle/bundle.h"
#include "histoloom/job/label_spec.h"
#include "histoloom/labels/label_field.h"

namespace histoloom {

struct MaskLabels {
  std::unique_ptr<LabelField> field;
  std::string warning;  // what the user may not have meant; empty: nothing
};

// A cell for each of the bundle's; without unknown tissue unless it is to be kept. \error UserError
// for a mask that can't be used, or a background that is no label.
MaskLabels read_mask_labels(const MaskSource& mask, PixelSize size, std::uint64_t seed,
                            const ModelBundle& bundle);

// The size of the slide whose labels a mask gives: the mask's own, or several times that if the mask
// says its microns a pixel and they are several times those of the bundle `model`. Decodes nothing.
// \error UserError for annotations, which have no size, and a scale that is no whole number.
PixelSize size_of_slide(const std::filesystem::path& mask, const std::filesystem::path& model);

}  // namespace histoloom
