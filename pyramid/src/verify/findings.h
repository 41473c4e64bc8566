// What is wrong with a file, whoever reads it; the checks behind verify(). All are pure.
#pragma once

#include <string>
#include <vector>

#include "histoloom/pyramid/tiff_file.h"
#include "histoloom/pyramid/verify.h"

namespace histoloom::pyramid {

using Findings = std::vector<Finding>;

// What a directory is to OpenSlide's driver for Aperio, which bears tiles of size 0.
enum class AperioPart { none, base, reduced };

// Of one directory, called `where` ("directory 2"): tag types, tiles, JPEG streams.
void check_directory(const TiffImage& image, const std::string& where, AperioPart part,
                     Findings& out);

// Of all directories together: order, scale, who takes the file for what.
void check_scale(const TiffFile& file, Findings& out);
void check_levels(const TiffFile& file, Findings& out);
void check_generic(const TiffFile& file, Findings& out);
void check_svs(const TiffFile& file, Findings& out);
void check_ome(const TiffFile& file, Findings& out);

}  // namespace histoloom::pyramid
