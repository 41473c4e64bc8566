// What a training looks like: a PNG beside its checkpoint, CHECKPOINT.png.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "drawing.h"
#include "training_log.h"

namespace histoloom {

// Pictures of one size side by side, and what they show.
struct SampleRow {
  std::string caption;
  std::vector<Picture> pictures;
};

// Replaces the PNG at `path`: the curves of `rows`, and the samples below, a row of them a line;
// small pictures are enlarged by a whole number.
void write_training_picture(const std::filesystem::path& path, const std::vector<LogRow>& rows,
                            const std::vector<SampleRow>& samples);

}  // namespace histoloom
