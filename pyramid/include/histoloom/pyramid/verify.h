// What each reader of slides will see of a TIFF file, by that reader's own rules, and what is wrong
// with the file.
//
// The rules were read in the readers' sources. The tests compare those of OpenSlide 3.4.1, libvips,
// GDAL, tifffile, OpenImageIO, Orthanc WSI, IIPImage, ImageJ and npm's libraries with the running
// readers. No pixel is decoded: a view says what a reader lists, not that every tile decodes.
//
// Example: a generic pyramid with mpp 0.5, as BigTIFF. OpenSlide 3.4.1 sees its levels and no mpp;
// OpenSlide 4 both; QuPath hands it to Bio-Formats, which sees one level; libvips its pages.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/pyramid/tiff_file.h"

namespace histoloom::pyramid {

// A picture next to the pyramid.
struct AssociatedView {
  std::string name;  // name that the reader gives it
  PixelSize size;
  int directory = 0;  // number in the main chain
};

struct ReaderView {
  std::string reader;  // "OpenSlide 3.4.1"
  bool opens = false;
  bool known = true;  // whether the rules of the file's driver are here
  std::string how;    // "as Aperio", "through Bio-Formats, as OME-TIFF"; why not, if !opens
  std::vector<PixelSize> levels;
  std::optional<double> mpp_x;  // microns per pixel of level 0
  std::optional<double> mpp_y;
  std::optional<double> magnification;
  std::vector<AssociatedView> associated;
  std::vector<std::string> notes;  // what this reader can't do, and the cure
};

enum class Severity {
  error,    // pixels are missing or wrong, or a reader that should open the file doesn't
  warning,  // a reader sees less than the file holds
};

struct Finding {
  Severity severity = Severity::error;
  std::string text;  // one line: what, where, who minds
};

struct VerifyReport {
  std::string path;
  bool big_tiff = false;
  std::uint64_t bytes = 0;
  std::vector<ReaderView> readers;
  std::vector<Finding> findings;

  bool has_errors() const;
};

// Tells what readers see of a file, and what is wrong with it. Pure: looks at no disk.
VerifyReport verify(const TiffFile& file);

// The report as text, for people.
std::string describe(const VerifyReport& report);

}  // namespace histoloom::pyramid
