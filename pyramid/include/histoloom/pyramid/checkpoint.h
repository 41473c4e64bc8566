// How a pyramid that takes hours to write survives a kill.
//
// Now and then, after a row of tiles, the writer brings the partial file to the disk and replaces a
// small file, the checkpoint. The checkpoint holds how many rows are done, where each tile lies,
// and the strips of the reduced levels, which wait for more rows.
//
// A writer that is later made for the same file cuts the partial file to what the checkpoint
// vouches for and goes on from there. The result has the bytes of an unbroken run: the clock
// decides when a checkpoint is written, never what is in the file.
//
// Every tile of the partial file is read and compared with its hash before it is trusted. If
// anything doesn't fit (a damaged checkpoint, another job's file, a shorter one), the file starts
// anew.
//
// Size: at most W·T·C·(1/f + 1/f² + …) for the strips, 12 bytes a tile and 3 MiB; twice that while
// one replaces another. A slide of 41,344 × 41,344 px, RGB, tile 256, factor 2: 34 MiB.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "histoloom/pyramid/options.h"

namespace histoloom::pyramid {

struct CheckpointOptions {
  std::filesystem::path path;  // path of the checkpoint; its directory must exist
  // What the rows depend on besides the writer's options; a checkpoint of other rows is not used.
  std::string rows;
  // Share of the time that checkpoints take at most; 1: one after every row of tiles.
  double share = 0.02;
  double longest = 30;  // seconds from one checkpoint to the next at most, whatever the share
  // Function that is called after each checkpoint on disk, from the thread that hands in the rows.
  std::function<void()> written = [] {};
};

// Bytes that a checkpoint of such a file takes at most, without the texts of its options.
std::uint64_t checkpoint_bound(const WriterOptions& options);

}  // namespace histoloom::pyramid
