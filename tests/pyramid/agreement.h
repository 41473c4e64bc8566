// Holds verify()'s views against the readers themselves, run on the same file.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "histoloom/pyramid/verify.h"

namespace histoloom::pyramid::test {

VerifyReport verify_file(const std::filesystem::path& path);
const ReaderView& view_of(const VerifyReport& report, const std::string& reader);

// "4 levels: 1500x1100 750x550 ...; mpp 0.5; 20x; label macro thumbnail", or "doesn't open".
std::string summary_of(const ReaderView& view);
// The same, as OpenSlide (the one that the tests run with) reports it.
std::string openslide_says(const std::filesystem::path& path);
// "4 pages, 0 SubIFDs, 1500x1100, mpp 0.5", or "doesn't open".
std::string libvips_says(const std::filesystem::path& path);
std::string libvips_expected(const VerifyReport& report, const TiffFile& file);
// One line a file: "svs: 1500x1100 750x550". Empty where tifffile isn't installed.
std::vector<std::string> tifffile_says(const std::vector<std::filesystem::path>& paths);
std::string tifffile_expected(const VerifyReport& report);

// Whether OpenSlide gives the file a quickhash-1.
bool openslide_has_quickhash(const std::filesystem::path& path);
// "1500x1100 750x550; 2 datasets", or "doesn't open"; the overviews stand behind the size.
std::string gdal_says(const std::filesystem::path& path);
std::string gdal_expected(const VerifyReport& report);
// The sizes of all directories with those of their tiles, "1500x1100/128x128". A set, as libtiff's
// tool and ExifTool list chained SubIFDs repeatedly.
std::set<std::string> tiffinfo_says(const std::filesystem::path& path);
std::set<std::string> tiffinfo_expected(const TiffFile& file);
// Sizes "1500x1100" in the same way, then the first directory's resolution, its unit, compression
// and photometric interpretation.
std::set<std::string> exiftool_says(const std::filesystem::path& path);
std::set<std::string> exiftool_expected(const TiffFile& file);

// Checks verify()'s report against every reader that is installed, file by file.
void expect_readers_agree(const std::vector<std::filesystem::path>& paths);

}  // namespace histoloom::pyramid::test
