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
//
// One rule for all doors says what pixels are:
//
//   nothing there    glass: transparent pixels, missing tiles, what a scanner left out
//   colours          a tile's JPEG decides, whatever the TIFF's tag says; a scan that says two
//                    things is refused
//   colour planes    are put together; images of one size, an orientation tag: refused, since
//                    programs differ in what they take
//   ids              as they are stored, of any depth, polarity and palette
//   microns a pixel  what the file states, or a resolution with a unit that may be a microscope's
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "histoloom/core/geometry.h"
#include "histoloom/core/picture.h"
#include "histoloom/pictures/picture_facts.h"

namespace histoloom {

enum class PictureContent {
  picture,  // colours or greys, through libvips
  scan,     // colours of a scanner's format, through OpenSlide
  ids,      // numbers of a mask, as they are stored
};

class PictureFile {
 public:
  // Rows from the top down, all of the picture's width; the view ends with the call.
  using TakeRows = std::function<void(const PictureView& rows)>;

  virtual ~PictureFile() = default;

  const std::filesystem::path& path() const { return path_; }
  PixelSize size() const { return size_; }
  // 1 or 3: channels of a plain picture without its alpha; 3 if only OpenSlide reads the file.
  int channels() const { return channels_; }
  // Microns a pixel, the mean of both axes; as facts().
  std::optional<double> mpp() const { return mpp_; }
  // Whether regions are read without the whole: of a slide, or a tiled TIFF of no scanner's format.
  bool by_tiles() const { return by_tiles_; }
  bool is_scan() const { return content_ == PictureContent::scan; }
  // Whether the picture is a scan or has several levels; others are plain pictures.
  bool is_slide() const { return is_scan() || level_count() > 1; }

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
  PictureFile(std::filesystem::path path, bool by_tiles, PictureContent content)
      : path_(std::move(path)), by_tiles_(by_tiles), content_(content) {}

  std::filesystem::path path_;
  bool by_tiles_;
  PictureContent content_;
  PixelSize size_;
  int channels_ = 3;
  std::optional<double> mpp_;
};

// Opens a picture without decoding pixels. \error UserError for all that can be found so.
std::unique_ptr<PictureFile> open_picture(const std::filesystem::path& path);

// Opens a mask, whose pixels are ids in one channel: those that are stored, of any depth, polarity
// and palette. \error UserError as open_picture(), and for what is no mask, was stored with loss, or
// has a palette of greys that aren't their indices.
std::unique_ptr<PictureFile> open_mask(const std::filesystem::path& path);

// What needs colours asks this of a picture. \error UserError that names the path if its channels
// aren't three.
void require_rgb(const std::filesystem::path& path, int channels);

// An image decoded whole, grey or RGB. \error UserError as open_picture().
Picture read_picture(const std::filesystem::path& path);
// A mask decoded whole. \error UserError as open_mask().
Picture read_mask_picture(const std::filesystem::path& path);

// Whether a file has one channel, as label masks have, by its header; false for what is no image.
// \error UserError if the file can't be opened.
bool is_grey(const std::filesystem::path& path);

}  // namespace histoloom
