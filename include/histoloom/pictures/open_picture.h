// One door for every picture from outside: PNG, JPEG, TIFF, whatever else libvips reads, and the
// slides of scanners, which OpenSlide reads.
//
// Words: a *level* is a reduction of the picture that the file holds; level 0 is the picture
// itself, and every picture has it. A *scan* is a file of a scanner's format. Rectangles and sizes
// are in pixels of the level that is read, places in pixels of level 0.
//
// Example: a slide of 5120 × 4000 px has levels that shrink by 1, 4 and 16. level_for(8) is 1, and
// read(1, {400, 0}, {10, 10}) are the 40 × 40 px from (400, 0) on, shrunk by 4.
//
// In memory: OpenSlide reads tile by tile, so that a slide may have any size. Every other picture
// is decoded whole when pixels are first asked for, and kept until release(). read_rows() keeps
// nothing but strips. Not for several threads at once.
//
// Refusals have one wording, with the path, for what is missing, a directory, no image or damaged.
// PNG, JPEG and TIFF that are cut short are refused before a pixel is decoded. So is what has other
// than 8 bits or a colour space other than grey and RGB. tests/pictures/refusals_test.cpp lists the
// refusals.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "histoloom/core/geometry.h"
#include "histoloom/core/picture.h"
#include "histoloom/pictures/picture_facts.h"

namespace histoloom {

class PictureFile {
 public:
  // Rows from the top down, all of the picture's width; the view ends with the call.
  using TakeRows = std::function<void(const PictureView& rows)>;

  virtual ~PictureFile() = default;

  const std::filesystem::path& path() const { return path_; }
  PixelSize size() const { return size_; }
  // Channels that the file stores, alpha among them: 1 to 4; 3 if only OpenSlide reads the file.
  int channels() const { return channels_; }
  // Microns a pixel by OpenSlide's properties; nothing for what OpenSlide doesn't read.
  std::optional<double> stated_mpp() const { return stated_mpp_; }
  // stated_mpp(), else what the resolution tags of a plain picture say, if it may be a
  // microscope's. facts() looks in more places.
  std::optional<double> mpp() const { return mpp_; }
  // Whether OpenSlide reads the file: a slide, or a tiled TIFF of no scanner's format.
  bool by_openslide() const { return by_openslide_; }
  bool is_scan() const { return scan_; }
  // Whether the picture is a scan or has several levels; others are plain pictures.
  bool is_slide() const { return scan_ || level_count() > 1; }

  // All that the file says of itself, read at every call. \error UserError.
  PictureFacts facts() const;

  // Hands out all rows, decoding in parallel, with the channels of facts(). `take` is called by one
  // thread at a time, not necessarily the caller's, and what it throws comes out here. `threads` 0:
  // all cores. \error UserError if the file turns out to be damaged.
  void read_rows(int threads, const TakeRows& take) const;

  virtual int level_count() const { return 1; }
  // The coarsest level that shrinks by at most `shrink`; 0, if all shrink by more.
  virtual int level_for(double /*shrink*/) const { return 0; }
  virtual double shrink_of(int /*level*/) const { return 1; }
  // `size` pixels of a level whose first lies at `corner` of level 0, on white: RGB, or grey of
  // plain pictures in grey. What lies outside is white. \error UserError if the file turns out to
  // be damaged.
  virtual Picture read(int level, PixelPoint corner, PixelSize size) = 0;
  // Forgets decoded pixels.
  virtual void release() {}

  // The pixels of `rect` at full resolution.
  Picture region(const PixelRect& rect) { return read(0, rect.corner(), rect.size()); }

 protected:
  PictureFile(std::filesystem::path path, bool by_openslide, bool scan)
      : path_(std::move(path)), by_openslide_(by_openslide), scan_(scan) {}

  std::filesystem::path path_;
  bool by_openslide_;
  bool scan_;
  PixelSize size_;
  int channels_ = 3;
  std::optional<double> stated_mpp_;
  std::optional<double> mpp_;
};

// Opens a picture without decoding pixels. \error UserError for all that can be found so.
std::unique_ptr<PictureFile> open_picture(const std::filesystem::path& path);

// An image of 8 bits a sample, decoded whole, its channels as they are stored. \error UserError as
// open_picture(), but any colour space is taken.
Picture read_picture(const std::filesystem::path& path);

// Whether a file has one channel, as label masks have, by its header; false for what is no image.
// \error UserError if the file can't be opened.
bool is_grey(const std::filesystem::path& path);

}  // namespace histoloom
