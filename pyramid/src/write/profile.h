// From stored tiles to directories: which tags each profile wants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "histoloom/pyramid/options.h"
#include "metadata.h"
#include "tiff_directory.h"
#include "tile_encoder.h"

namespace histoloom::pyramid {

// Where the tiles or strips of one directory lie.
struct Pieces {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint64_t> sizes;
};

struct StoredLevel {
  PixelSize size;
  Pieces tiles;
};

struct StoredImage {  // an associated image, in strips
  Associated image;
  Encoding encoding;
  std::vector<std::uint8_t> jpeg_tables;
  int rows_per_strip = 16;
  Pieces strips;
};

struct StoredFile {
  std::vector<StoredLevel> levels;
  std::vector<StoredImage> associated;  // thumbnail, label, macro; may be empty
  std::vector<StoredImage> padding;     // what an OME-TIFF holds between them: padding_of()
  Encoding encoding;                    // of the tiles
  std::vector<std::uint8_t> jpeg_tables;
};

// How many directories of padding the file holds.
std::size_t padding_of(const WriterOptions& options, std::size_t associated);

// The main chain of directories; consumes `file`.
//   generic  levels, NewSubfileType 0, 1, 1, ...; nothing else, since cuCIM takes every other
//            directory for a level
//   svs      level 0, thumbnail, the other levels, label, macro; NewSubfileType 0 but for label (1)
//            and macro (9), since tifffile ends the pyramid at the first reduced directory
//   ome      level 0 with the others as SubIFDs (NewSubfileType 1), then label, macro, thumbnail, each
//            behind two directories of padding (ome_directory())
std::vector<Directory> directories_for(const WriterOptions& options, StoredFile file);

}  // namespace histoloom::pyramid
