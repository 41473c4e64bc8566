// Where patches come from: images and slides on disk, opened once and read by rectangles.
//
// What OpenSlide knows is read through it, tile by tile, so that a slide may have any size; every
// other image is decoded whole when it is first read, and kept until release().
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/evaluate/picture.h"

namespace histoloom::evaluate {

// One image or slide at full resolution. Not for several threads at once.
class PatchSource {
 public:
  virtual ~PatchSource() = default;
  virtual const std::filesystem::path& path() const = 0;
  virtual PixelSize size() const = 0;
  // Microns a pixel, where the file states what a microscope may have.
  virtual std::optional<double> mpp() const { return std::nullopt; }
  // Whether it is of a scanner's format or has several levels, and no plain picture.
  virtual bool is_slide() const { return false; }
  // The pixels of `rect`, which lies inside; transparent ones over white. \error UserError, with
  // the path, where the file turns out to be damaged.
  virtual Picture read(const PixelRect& rect) = 0;
  // Forgets decoded pixels.
  virtual void release() {}
};

using PatchSources = std::vector<std::unique_ptr<PatchSource>>;

// A square of 1024 px of a source, or what there is of it: what lies in it resembles itself, and is
// drawn again together where an interval is wanted (bootstrap.h).
using PartId = std::size_t;
// The part of the source of index `source` that `place` lies in.
PartId part_of(std::size_t source, PixelPoint place);
// The source that a part is of.
std::size_t source_of(PartId part);

// Opens one file. \error UserError that names the path where it is missing, no image, or not 8-bit
// RGB.
std::unique_ptr<PatchSource> open_patch_source(const std::filesystem::path& path);

// Files of one folder that are not taken, and why: "since …".
struct PassedOver {
  std::vector<std::filesystem::path> files;
  std::string reason;
};

// Opens files, and of folders every image and slide in the order of their names, but for masks
// (NAME_mask.png, NAME_mask.tif), for images of one band, as label masks are, and, where a folder
// holds slides, for plain pictures beside them, as thumbnails are. What is passed over for the last
// two reasons is appended to `passed_over`; masks' names say it. A file that is named twice, or
// reached by a link too, is opened once. \error UserError as above, or for a folder without images.
PatchSources open_patch_sources(const std::vector<std::filesystem::path>& paths,
                                std::vector<PassedOver>* passed_over = nullptr);

// The files of `first` that are among those of `second`, whatever links lead there.
std::vector<std::filesystem::path> shared_files(const PatchSources& first,
                                                const PatchSources& second);

// The mask beside an image: NAME_mask.png, .tif or .tiff for NAME.png or NAME.ome.tif; empty
// where there is none.
std::filesystem::path mask_beside(const std::filesystem::path& image);

}  // namespace histoloom::evaluate
