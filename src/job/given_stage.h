// A picture from outside in place of what a coarser stage would paint: a thumbnail, a slide, a
// drawing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "histoloom/bundle/bundle.h"
#include "histoloom/job/generate_spec.h"
#include "histoloom/pictures/open_picture.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

// The picture that a file shows with its microns a pixel. `mpp`: what the user says of it. \error
// UserError if neither says any.
GivenPicture given_picture(const std::filesystem::path& file, std::optional<double> mpp);

// Pixels of the slide that the finest stage of `model` paints under the picture. \error UserError as
// parse_size(), naming the picture.
PixelSize size_of_refined(const GivenPicture& given, const std::filesystem::path& model);

// The coarser stage of `bundle` that a picture of `mpp` stands in for: the finest that needs no more
// detail than it has, else the coarsest.
std::size_t given_index(double mpp, const ModelBundle& bundle);

// Opens the picture, and shows it in pixels of the stage; a picture that is coarser than the stage
// keeps its own.
class GivenStage {
 public:
  GivenStage(const GivenPicture& given, const ModelBundle& bundle);

  std::size_t index() const { return index_; }
  PixelSize size() const { return size_; }
  double mpp() const { return mpp_; }  // microns a pixel as it is shown
  // Bytes of memory while it is read.
  std::uint64_t memory() const;
  std::string sha256() const;  // of all pixels as they are shown
  // Fills a picture of size() as stage_picture() gives it.
  void store(LatentArray& out) const;

 private:
  // Rows from the top down.
  void read(const std::function<void(std::int64_t y, const Picture& rows)>& take) const;

  std::unique_ptr<PictureFile> file_;
  std::size_t index_;
  double shrink_, mpp_;
  PixelSize size_;
};

}  // namespace histoloom
