// The readers' rules, one function a reader. All are pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "downsample.h"
#include "histoloom/pyramid/tiff_file.h"
#include "histoloom/pyramid/verify.h"

namespace histoloom::pyramid {

ReaderView openslide3_view(const TiffFile& file);
ReaderView openslide4_view(const TiffFile& file);
ReaderView bioformats_view(const TiffFile& file);
ReaderView qupath_view(const TiffFile& file);
ReaderView asap_view(const TiffFile& file);
ReaderView cucim_view(const TiffFile& file);
ReaderView libvips_view(const TiffFile& file);
ReaderView tifffile_view(const TiffFile& file);
ReaderView gdal_view(const TiffFile& file);
ReaderView geotiff_view(const TiffFile& file);
ReaderView tiatoolbox_view(const TiffFile& file);
ReaderView wsidicomizer_view(const TiffFile& file);
ReaderView openlayers_view(const TiffFile& file);
ReaderView viv_view(const TiffFile& file);
ReaderView geotiffjs_view(const TiffFile& file);
ReaderView itk_view(const TiffFile& file);
ReaderView sharp_view(const TiffFile& file);
ReaderView utif2_view(const TiffFile& file);
ReaderView imagejs_view(const TiffFile& file);
ReaderView iipimage_view(const TiffFile& file);
ReaderView imagej_view(const TiffFile& file);
ReaderView openimageio_view(const TiffFile& file);
ReaderView orthanc_view(const TiffFile& file);

// What several rules ask.

// Lower-case ending of the file's name, whole: ".ome.tif", ".svs".
bool name_ends_with(const TiffFile& file, std::string_view ending);
// The first directory's description; empty where it has none.
std::string_view first_description(const TiffFile& file);
// A transparency mask (NewSubfileType 4, or 5 of a reduced level), as GDAL writes them.
bool is_mask(const TiffImage& image);
// OpenSlide 3.4.1 with libtiff 4.5.0 hands out other pixels of this level: it is narrower or lower
// than a tile, and libtiff decodes it. OpenSlide decodes JPEG of three channels without libtiff.
bool openslide3_misreads(const TiffImage& image);
bool is_ome(const TiffFile& file);  // its description holds OME-XML
// OpenSlide's driver that claims the file before the one for generic TIFF, with the reason:
// {"Trestle", "Software starts with \"MedScan\""}. Nothing for Aperio and generic files.
struct Hijack {
  std::string format;
  std::string reason;
  bool only_since_4 = false;
};
std::optional<Hijack> hijack_of(const TiffFile& file);
bool is_aperio(const TiffFile& file);  // for OpenSlide
// The value of "key = value" in an Aperio description.
std::optional<std::string> aperio_value(std::string_view description, std::string_view key);
// Takes mpp and magnification from an Aperio description, as far as they are there. `comma`:
// whether the reader takes a decimal comma for a point.
void set_aperio_scale(ReaderView& view, const TiffFile& file, bool comma);
// The second line of a description, from which Aperio's pictures take their name.
std::string second_line(std::string_view description);
// A number that fills the whole text.
std::optional<double> parse_number(const std::string& text);
// The same with commas taken for decimal points, as OpenSlide's _openslide_parse_double() does.
std::optional<double> parse_number_or_comma(std::string text);
// Microns a pixel from resolution tags; nothing where they are absent, 0 or without a unit.
// `unit_if_absent` is the unit that the reader assumes.
std::optional<double> mpp_from(std::optional<double> resolution, std::optional<int> unit,
                               int unit_if_absent);
// Microns of the unit in which the resolution tags count by ImageJ's description; 0 if it is another
// program's, or names no unit of length ("pixel").
double imagej_unit(const TiffFile& file);
std::optional<double> microns_a_pixel(double unit, std::optional<double> resolution);
// What libtiff sees of a file: its chain ends before a directory without a size.
TiffFile libtiff_part(const TiffFile& file);
// The first two directories of the main chain that have one width, masks left out; in ascending order.
// Nothing if all differ.
std::optional<std::pair<std::size_t, std::size_t>> equally_wide(const TiffFile& file);
// libtiff, as it is usually built, decodes this compression.
bool libtiff_decodes(int compression);

}  // namespace histoloom::pyramid
