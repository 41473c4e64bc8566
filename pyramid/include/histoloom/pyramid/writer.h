// Rows of pixels in, a pyramidal TIFF out, in one pass.
//
// The levels are a chain, each holding one strip (a row of tiles). Level 0 has two: the caller
// fills one while the other's tiles are compressed in parallel. Each tile also shrinks itself into
// the strip of the next level; a strip that is full goes the same way. One thread at a time appends
// the compressed tiles, in order, so that the file is the same for any number of threads. A tile
// that is equal to one already stored is not stored again. So glass costs 4 bytes of memory and 12
// of the file a tile. Edge tiles are filled by repeating the last column and row.
//
// Example: 1000 × 600 px RGB, tile 256: level 0 has 4 × 3 tiles, level 1 (500 × 300) 2 × 2, level 2
// (250 × 150) one.
//
// The file grows as ".NAME.partial" next to its path. finish() writes the directories, then the
// header (classic TIFF or BigTIFF by the true size), syncs and renames. Before that the header is
// zeros, so that a killed run leaves nothing that could be taken for a slide. With checkpoints
// (checkpoint.h) the next run goes on from there; without, it starts anew.
//
// One thread may call at a time; which one doesn't matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/core/picture.h"
#include "histoloom/pyramid/checkpoint.h"
#include "histoloom/pyramid/options.h"
#include "histoloom/pyramid/sink.h"

namespace histoloom::pyramid {

// What was written to one level.
struct LevelSummary {
  PixelSize size;
  double downsample = 1;    // factor that OpenSlide computes
  std::int64_t tiles = 0;   // columns times rows
  std::uint64_t bytes = 0;  // bytes of tiles that were not stored before
};

// A small picture of the whole: the largest level of at most 1024 px a side.
struct Thumbnail {
  PixelSize size;
  int channels = 0;
  std::vector<std::uint8_t> pixels;  // rows without gaps
};

struct WriteSummary {
  std::vector<LevelSummary> levels;
  Thumbnail thumbnail;              // made in every profile
  std::uint64_t bytes = 0;          // bytes of the whole file
  std::int64_t distinct_tiles = 0;  // tiles stored, over all levels and associated images
  bool big_tiff = false;
};

class PyramidWriter {
 public:
  // Validates `options` and creates the partial file next to `path`. With `checkpoints`, goes on
  // with an earlier file if a checkpoint fits: rows_written() says which row comes next.
  // \error UserError for options (validate()), a directory that can't be used (not_found,
  // permission_denied), or a file that another process is writing (in_use).
  PyramidWriter(const std::filesystem::path& path, const WriterOptions& options,
                const CheckpointOptions* checkpoints = nullptr);
  // Writes to `sink`; `path` is used in messages only.
  PyramidWriter(std::unique_ptr<Sink> sink, const std::filesystem::path& path,
                const WriterOptions& options, const CheckpointOptions* checkpoints = nullptr);
  // Discards the file unless it was published; leaves it if there is a checkpoint.
  ~PyramidWriter();
  PyramidWriter(const PyramidWriter&) = delete;
  PyramidWriter& operator=(const PyramidWriter&) = delete;

  // Takes the next rows from the top down, as wide as the image and with its channels. The rows are
  // copied before the call returns. Errors of the disk may surface here or in complete(). After an
  // error the file is gone, or what the last checkpoint needs is left of it, and every further call
  // throws InternalError.
  // \error UserError naming the path (disk_full, io_error)
  // \error InternalError when more rows come than the image has, or rows of another picture
  void write_rows(const PictureView& rows);

  // Writes what follows the rows; the file is whole and has not its name yet.
  // \error UserError as write_rows(); too_large if Container::classic was asked for
  // \error InternalError when rows are missing
  WriteSummary complete();
  // Gives the complete file its name, on disk, and removes the checkpoint.
  // \error UserError for any error of the disk
  void publish();
  // Completes and publishes.
  WriteSummary finish();

  // Why a checkpoint that was there could not be used; empty if it was, or none was there.
  const std::string& restart_reason() const;
  std::int64_t rows_written() const;  // rows taken so far, by earlier runs too
  // Bytes in the file so far; a moment behind while tiles are being compressed.
  std::uint64_t bytes_written() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace histoloom::pyramid
