// Where patches come from: images and slides on disk, opened once and read by rectangles.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/pictures/open_picture.h"

namespace histoloom::evaluate {

// One image or slide: RGB at full resolution is what is asked of it. Not for several threads at
// once.
using PatchSource = PictureFile;
using PatchSources = std::vector<std::unique_ptr<PatchSource>>;

// A square of 1024 px of a source, or what there is of it. What lies in one part resembles itself,
// and is drawn again together for an interval (bootstrap.h).
using PartId = std::size_t;
// The part of the source of index `source` that `place` lies in.
PartId part_of(std::size_t source, PixelPoint place);
// The source that a part is of.
std::size_t source_of(PartId part);

// Opens one file. \error UserError as open_picture(), and for what is not RGB; only of a slide or
// tiled TIFF may there be an alpha channel.
std::unique_ptr<PatchSource> open_patch_source(const std::filesystem::path& path);

// Files of one folder that are not taken, and why: "since …".
struct PassedOver {
  std::vector<std::filesystem::path> files;
  std::string reason;
};

// Opens files, and of folders every image and slide in the order of their names, but for
//   - masks: NAME_mask.png, NAME_mask.tif
//   - images of one band, as label masks are
//   - plain pictures in a folder that holds slides, as thumbnails are
// What is passed over for the last two reasons is appended to `passed_over`; masks' names say it. A
// file that is named twice, or reached by a link too, is opened once. \error UserError as
// open_patch_source(), or for a folder without images.
PatchSources open_patch_sources(const std::vector<std::filesystem::path>& paths,
                                std::vector<PassedOver>* passed_over = nullptr);

// The files of `first` that are among those of `second`, whatever links lead there.
std::vector<std::filesystem::path> shared_files(const PatchSources& first,
                                                const PatchSources& second);

// The mask next to an image: NAME_mask.png, .tif or .tiff for NAME.png or NAME.ome.tif; empty if
// there is none.
std::filesystem::path mask_beside(const std::filesystem::path& image);

}  // namespace histoloom::evaluate
