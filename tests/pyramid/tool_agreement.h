// Holds verify()'s views against IIPImage, ImageJ, OpenImageIO and Orthanc WSI, run on the same file.
// What a reader says and what verify() expects of it are each one line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "histoloom/pyramid/verify.h"

namespace histoloom::pyramid::test {

// The Debian packages that `reader` needs and that aren't installed; empty where all are.
std::string packages_missing_for(const std::string& reader);

// "1500x1100 750x550 of 3 subimages, mpp 0.5", or "doesn't open". All pixels are read, too.
std::string openimageio_says(const std::filesystem::path& path);
std::string openimageio_expected(const VerifyReport& report);
// "1500x1100 750x550", or "doesn't open". The DICOM files are left in `folder`.
std::string orthanc_says(const std::filesystem::path& path, const std::filesystem::path& folder);
std::string orthanc_expected(const VerifyReport& report);
// "1500x1100 750x550! 375x275", or "doesn't open": a tile of each level was asked for, of those with
// ! in vain. The server's socket lies in `folder`.
std::string iipimage_says(const std::filesystem::path& path, const std::filesystem::path& folder);
std::string iipimage_expected(const VerifyReport& report, const TiffFile& file);
// One line a file: "1500x1100, mpp 0.5", or "doesn't open".
std::vector<std::string> imagej_says(const std::vector<std::filesystem::path>& paths,
                                     const std::filesystem::path& folder);
std::string imagej_expected(const VerifyReport& report);

}  // namespace histoloom::pyramid::test
