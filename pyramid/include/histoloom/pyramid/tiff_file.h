// What a TIFF file says of itself: its directories as facts, without decoding a pixel.
//
// Works for classic TIFF and BigTIFF of either byte order. The file is not trusted: nothing is
// allocated on its word alone, and loops end. What lies past the file's end is a defect, not a
// read.
//
// Words: the *main chain* is the list of directories that the header starts; a directory's
// *children* are its SubIFDs (tag 330). A *piece* is a tile or a strip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"

namespace histoloom::pyramid {

// Bytes at random places: handed in, so that tests and the fuzzer need no disk.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `bytes` from `offset` on; all of it lies within size(). \error UserError with the path.
  virtual void read(std::uint64_t offset, std::span<std::uint8_t> bytes) = 0;
};

// A file. \error UserError if it is missing, unreadable or no file (not_found, permission_denied,
// not_a_file).
std::unique_ptr<ByteSource> open_byte_source(const std::filesystem::path& path);
// A view of memory, which outlives the source.
std::unique_ptr<ByteSource> memory_byte_source(std::span<const std::uint8_t> bytes);

// Tiles or strips of one directory, as its arrays list them.
struct PieceCount {
  std::uint64_t expected = 0;  // number by the sizes of image and piece
  std::uint64_t offsets = 0;   // entries of the two arrays
  std::uint64_t sizes = 0;
  std::uint64_t missing = 0;  // pieces whose offset or size is 0
  std::uint64_t empty = 0;    // missing pieces whose size is 0
  std::uint64_t outside = 0;  // pieces that reach past the end of the file
  std::uint64_t bytes = 0;    // sum of the sizes, shared pieces counted every time
  bool scanned = true;        // whether the pieces were looked at; false: too many
};

// What the first stored piece's JPEG stream says.
struct JpegHeader {
  int components = 0;
  PixelSize size;
  int sampling_x = 1;  // sampling factor of the first component
  int sampling_y = 1;
  std::optional<int> adobe_transform;  // colours: 0 RGB, 1 YCbCr
  bool jfif = false;                   // a JFIF file, whose colours are YCbCr
};

struct TiffImage {
  std::uint64_t at = 0;  // the directory's offset
  PixelSize size;
  bool tiled = false;
  PixelSize piece;  // size of a tile; of a strip: the image's width and RowsPerStrip
  std::uint32_t subfile = 0;
  int compression = 1;
  int photometric = -1;  // value of the tag; -1: absent
  int planar = 1;
  int samples = 1;
  int predictor = 1;
  int sample_format = 1;
  std::vector<int> bits;  // BitsPerSample; at most 16 entries
  std::optional<double> x_resolution;
  std::optional<double> y_resolution;
  std::optional<int> resolution_unit;  // unit: 1 none, 2 inch, 3 centimetre
  std::optional<std::string> description;
  std::string software;
  std::string make;
  std::string xmp;
  std::string argos;       // tag 65000
  bool hamamatsu = false;  // tag 65420
  std::uint64_t icc_bytes = 0;
  std::optional<std::uint32_t> depth;  // ImageDepth
  bool has_jpeg_tables = false;
  std::optional<PixelSize> chroma;  // YCbCrSubSampling
  PieceCount pieces;
  std::optional<JpegHeader> jpeg;
  std::vector<TiffImage> children;
  bool truncated = false;            // a value or piece lies past the end of the file
  bool child_in_main_chain = false;  // some SubIFD is a directory of the main chain, too
  // Violations of TIFF itself, each one line: "ImageWidth has type RATIONAL, SHORT or LONG is ..."
  std::vector<std::string> defects;

  int bits_per_sample() const { return bits.empty() ? 1 : bits[0]; }
};

// Tells a directory's colours, as PhotometricInterpretation counts them, by its tag; of JPEG in three
// components by the stream: an Adobe marker, JFIF, subsampled chroma.
int stream_colours(const TiffImage& image);

struct TiffFile {
  std::filesystem::path path;
  bool big = false;
  bool little_endian = true;
  std::uint64_t bytes = 0;
  std::vector<TiffImage> chain;  // directories of the main chain, at least one
};

// Reads all directories. Memory: the directories' entries and texts, some 100 MiB at the very most
// whatever the file says. \error UserError of one line for what is no TIFF (wrong_format) or has no
// whole chain of directories (damaged_file): truncated, looping, absurd.
TiffFile read_tiff(const std::filesystem::path& path);
// Reads from `source`; `path` is used in messages and for its name only.
TiffFile read_tiff(ByteSource& source, const std::filesystem::path& path);

}  // namespace histoloom::pyramid
