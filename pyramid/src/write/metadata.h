// The texts and the colour profile that a file carries.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/pyramid/options.h"

namespace histoloom::pyramid {

// An ICC profile (version 2.1) of sRGB, made from its definition, IEC 61966-2-1.
std::vector<std::uint8_t> srgb_profile();

// An XMP packet that says what made the pixels (IPTC's DigitalSourceType).
std::string xmp_packet(const WriterOptions& options);

// An associated image, as the OME-XML and the svs descriptions name it.
struct Associated {
  std::string name;  // "label", "macro", "thumbnail"
  PixelSize size;
};

// The directory of an associated image in an OME-TIFF. Viv (Avivator, Vitessce) doesn't look at
// TiffData: it looks for an image behind as many directories as those before have channels, so that
// some directories between them belong to none. Of a slide of one level it takes all images for
// levels, wherever they are.
std::size_t ome_directory(const WriterOptions& options, std::size_t associated);

// OME-XML, schema 2016-06: the slide, then the associated images, each in its ome_directory().
std::string ome_xml(const WriterOptions& options, const std::vector<Associated>& associated);

// ImageDescription of an svs file's slide, of a reduced level or thumbnail, of label and macro.
std::string svs_slide_description(const WriterOptions& options);
std::string svs_level_description(const WriterOptions& options, PixelSize level);
std::string svs_thumbnail_description(const WriterOptions& options, PixelSize thumbnail);
std::string svs_associated_description(const Associated& image);

// ImageDescription of a generic file: the caller's words, then the classes.
std::string generic_description(const WriterOptions& options);

}  // namespace histoloom::pyramid
