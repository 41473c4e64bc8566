// What a profile has a place for, so that a caller can ask before it writes.
//
//                             generic  svs  ome
//   mpp                          x      x    x    OpenSlide 3.4.1 doesn't show generic's
//   magnification                       x    x
//   title                               x    x
//   description, date            x      x    x
//   icc_profile                  x      x    x
//   digital_source_type          x      x    x    in XMP
//   associated_images                   x    x    label, macro and thumbnail
//   other_associated_images                  x    of any other name
//   no_associated_images         x           x    svs needs its thumbnail
//   one_channel, label_images    x           x
//   class_names                  x
//   palette                      x
//   big_tiff                     x      x    x
//
// validate() refuses what a profile would lose of the picture (ErrorCode::unsupported). Without
// magnification, title or class names the picture is whole: these are left out if the profile has
// no place for them.
#pragma once

#include "histoloom/pyramid/options.h"

namespace histoloom::pyramid {

enum class Feature {
  mpp,                      // WriterOptions::mpp
  magnification,            // objective_power
  title,                    // title
  description,              // description
  date,                     // date
  icc_profile,              // icc_profile
  digital_source_type,      // digital_source_type
  associated_images,        // associated_images; associated: "label", "macro", "thumbnail"
  other_associated_images,  // associated, by any other name
  no_associated_images,     // associated_images without the thumbnail
  one_channel,              // channels = 1
  label_images,             // reduction = Reduction::mode
  class_names,              // classes
  palette,                  // palette
  big_tiff,                 // container = Container::big
};

bool supports(Profile profile, Feature feature);

}  // namespace histoloom::pyramid
