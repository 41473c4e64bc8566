// The plain values of an indexed TIFF's pixels, which libvips hides: it expands them to colours.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace histoloom {

struct IndexedTiff {
  std::string grey;   // the file with its first image as grey values, which are the indices
  int bit_depth = 8;  // of an index
};

// nullopt where the file's first image is not indexed, or it is no TIFF, or it ends too early:
// whoever decodes it will say so. In memory: the whole file, compressed as it is.
std::optional<IndexedTiff> read_indexed_tiff(const std::filesystem::path& path);

}  // namespace histoloom
