// Holds verify()'s views against the readers themselves, run on the same file.
#pragma once

#include <filesystem>
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

}  // namespace histoloom::pyramid::test
