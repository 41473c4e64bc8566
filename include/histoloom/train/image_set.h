// Training images in memory: labelled patches, regions of slides, and masks without an image.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/vocabulary/label_set.h"

namespace histoloom {

struct TrainingImage {
  std::string name;
  PixelSize size;
  std::vector<std::uint8_t> pixels;  // height × width × RGB; empty for a mask without an image
  std::vector<LabelId> labels;       // one a latent cell, rows of latent_size_for(size, factor)
  // Whether labels were given; if not, cells are unknown, or glass if the image shows it.
  bool labelled = false;
};

// A slide read through OpenSlide, a large one in regions.
struct TrainingSlide {
  std::filesystem::path file;
  std::filesystem::path labels;  // QuPath's GeoJSON in pixels of the slide; empty: unlabelled
};

// Parses "SLIDE:LABELS.geojson", or "SLIDE"; the last colon counts if the text ends as names of
// annotations do.
TrainingSlide parse_training_slide(const std::string& text);

struct ImageSetOptions {
  // Folder of images: NAME.png, .jpg or .tif, some with a mask NAME_mask.png or .tif.
  std::filesystem::path images;
  std::vector<TrainingSlide> slides;
  int factor = 8;          // pixels a latent cell
  int held_out_every = 0;  // every n-th source is left out; 0 leaves out none
  std::string source;      // regular expression of the part of a file's name that tells its source
  // Names of sets that are split together with this one, whose sources count first; only with
  // `source`.
  std::vector<std::string> names_before;
  bool may_be_empty = false;  // whether all of the set may be on the other side of the split
  double mpp = 0;             // microns a pixel that slides are scaled to; 0: as they are
  double shrink = 1;          // pixels of the folder's images along a pixel of a training image
  int regions = 64;           // regions at most, of a slide of more than 16 megapixels
  int region_side = 1024;     // pixels
  bool held_out = false;      // whether what is left out is read instead
  bool masks_alone = false;   // whether an image of one band without a mask is a mask by itself
};

// Reads every image. A cell's label is the mask's majority, or glass if the image shows it. Tissue
// of a slide that no annotation holds is unknown. Without `source` every nth image of the folder is
// held out from the first on, and of slides the last of every n. With `source`, images and slides
// of one source go together.
//
// UserError for
//   - a folder without images or with two of one name
//   - an image that can't be read or has no three bands
//   - a mask of another size or with an id that `labels` lacks
//   - a slide that OpenSlide can't read, that is coarser than `mpp` or without tissue
//   - annotations that read_annotations() refuses
std::vector<TrainingImage> read_image_set(const ImageSetOptions& options, const LabelSet& labels);

// The names, without endings, of the images and slides that read_image_set() would split.
std::vector<std::string> image_names_of(const ImageSetOptions& options);

// One flag a cell for glass, as glass_cells().
std::vector<bool> find_glass(const TrainingImage& image, int factor);

// Makes two laboratories' stains one. The tissue of unlabelled images gets the mean and the
// deviation of optical density, channel by channel, of the tissue of the reference's labelled
// images. Nothing changes if the reference has no labelled image. `reference` may be `images`
// itself.
void match_stain(std::vector<TrainingImage>& images, const std::vector<TrainingImage>& reference,
                 int factor);

}  // namespace histoloom
