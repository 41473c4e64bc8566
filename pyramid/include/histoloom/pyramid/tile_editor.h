// Replaces pixels of a slide in a copy of it, and leaves everything else as it was.
//
// The copy begins as the slide byte for byte. Tiles that hold a changed pixel, in every level, are
// encoded anew and appended at the file's end. No tile is replaced in place: files may share one
// tile among many entries, as ours do. Only the entries of TileOffsets and TileByteCounts that led
// to these tiles change. A level's pixels are averages of level 0; a pixel is replaced if a changed
// one lies under it.
//
//   lossless  a touched tile differs in the changed pixels and in no other
//   JPEG      a touched tile keeps the coefficients of every block (MCU: 8 or 16 px a side) without
//             a changed pixel. Other blocks are encoded with the tile's own quantisation tables,
//             sampling and colours. A reader that smooths subsampled chroma looks one pixel across
//             a block's edge.
//
// Accepted: tiled TIFF and BigTIFF of either byte order, 8-bit RGB or YCbCr, interleaved, in JPEG,
// deflate, LZW or uncompressed. Levels are in the main chain or SubIFDs of the first directory.
// Label, macro and thumbnail stay as they are.
//
// Example: 100 × 100 changed pixels at (1000, 1000) of a slide with tiles of 256 px and three
// levels of factor 4. Touched are four tiles of level 0 and one each of levels 1 and 2.
//
// Memory: 4 bytes a pixel of the replaced rectangle and its surroundings up to one pixel of the
// smallest level. Besides these a few tiles, and the file's directories. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/pyramid/sink.h"

namespace histoloom::pyramid {

// What the copy says of its change.
struct EditMark {
  std::string software;  // XMP's CreatorTool
  // Source type for XMP, which is added to what the slide has. A slide that is synthetic already
  // stays so.
  std::string digital_source_type = "compositeWithTrainedAlgorithmicMedia";
  // Note such as "Inpainted = 10,20,300,400", appended to ImageDescription after a '|', as Aperio's
  // properties are, unless the description is XML or JSON.
  std::string note;
};

struct EditedLevel {
  PixelSize size;
  std::int64_t tiles = 0;
  std::int64_t replaced = 0;
};

struct EditSummary {
  std::vector<EditedLevel> levels;  // level 0 first
  std::uint64_t bytes = 0;          // bytes of the whole file
};

class TileEditor {
 public:
  // Opens the slide. \error UserError that names the path and says what is accepted, if the slide
  // can't be edited (unsupported) or read (read_tiff()).
  explicit TileEditor(const std::filesystem::path& slide);
  ~TileEditor();
  TileEditor(const TileEditor&) = delete;
  TileEditor& operator=(const TileEditor&) = delete;

  PixelSize size() const;  // size of level 0

  // Pixels of level 0, RGB, rows without gaps; `rect` lies inside. \error UserError for a tile that
  // can't be decoded.
  std::vector<std::uint8_t> read(const PixelRect& rect) const;

  // Tries what write() will do with a change of `rect`: decodes all tiles that it may touch and
  // encodes them anew. Writes nothing. \error UserError as write() for damaged tiles.
  void check(const PixelRect& rect) const;

  // Writes the copy as a hidden partial file next to `out`, which it becomes at the end. Pixels of
  // `rgb` that are equal to the slide's are no change. After an error `out` is what it was.
  // \error UserError for a full disk (disk_full), a classic TIFF that would pass 4 GiB (too_large),
  // or a tile that can't be decoded (damaged_file).
  EditSummary write(const std::filesystem::path& out, const PixelRect& rect,
                    const std::vector<std::uint8_t>& rgb, const EditMark& mark) const;
  EditSummary write(std::unique_ptr<Sink> sink, const PixelRect& rect,
                    const std::vector<std::uint8_t>& rgb, const EditMark& mark) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom::pyramid
