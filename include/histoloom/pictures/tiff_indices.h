// The plain values of an indexed TIFF's pixels, which libvips hides: it expands them to colours.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace histoloom {

struct IndexedTiff {
  std::string grey;   // the file with its first image as grey values, which are the indices
  int bit_depth = 8;  // bits of an index
};

// Reads the file. nullopt if its first image is not indexed, or it is no TIFF or ends too early:
// whoever decodes it will say so. In memory: the whole file, compressed as it is.
std::optional<IndexedTiff> read_indexed_tiff(const std::filesystem::path& path);

}  // namespace histoloom
