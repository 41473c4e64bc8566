// What the pyramid's tests share: pictures, sinks, and readers that are not ours.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "histoloom/pyramid/writer.h"
#include "support/scratch.h"

namespace histoloom::pyramid::test {

struct Picture {
  std::int64_t width = 0;
  std::int64_t height = 0;
  int channels = 3;
  std::vector<std::uint8_t> pixels;

  std::ptrdiff_t stride() const { return width * channels; }
  // `count` rows from `y` on.
  PictureView rows(std::int64_t y, std::int64_t count) const {
    return {pixels.data() + y * stride(), {width, count}, channels, stride()};
  }
  std::uint8_t& at(std::int64_t x, std::int64_t y, int c) {
    return pixels[static_cast<std::size_t>((y * width + x) * channels + c)];
  }
  int at(std::int64_t x, std::int64_t y, int c) const {
    return pixels[static_cast<std::size_t>((y * width + x) * channels + c)];
  }
};

Picture blank(std::int64_t width, std::int64_t height, int channels, std::uint8_t value = 0);
// Smooth waves, which JPEG keeps to within a few grey levels.
Picture waves(std::int64_t width, std::int64_t height, int channels);
// Independent random bytes below `limit`.
Picture noise(std::int64_t width, std::int64_t height, int channels, int limit = 256);
// `in` shrunk by averaging (exact sums, half to even) or by mode, written apart from the library.
Picture shrunk(const Picture& in, int factor, Reduction how);
double mean_difference(const Picture& a, const Picture& b);

// A file in memory that can be told to fail.
struct MemoryFile {
  std::vector<std::uint8_t> bytes;
  int calls = 0;
  int fail_at = -1;   // the call (append, read, write, commit) that fails
  bool full = false;  // as a full disk does
  bool committed = false;
  bool discarded = false;
  bool suspended = false;
};
std::unique_ptr<Sink> sink_to(MemoryFile& file);

WriterOptions options_for(const Picture& picture);
// All that a slide of ours says of itself: scale, magnification, date, title and label.
WriterOptions full_options(const Picture& picture, Profile profile);
// Writes `picture` in calls of `rows` rows each.
WriteSummary write(const std::filesystem::path& path, const Picture& picture,
                   const WriterOptions& options, std::int64_t rows = 7);
MemoryFile write_to_memory(const Picture& picture, const WriterOptions& options);
std::vector<std::uint8_t> bytes_of(const std::filesystem::path& path);

// One directory as libtiff reads it.
struct ReadDirectory {
  Picture picture;  // JPEG as RGB
  bool tiled = false;
  std::uint32_t subfile = 0;
  std::uint16_t photometric = 0;
  std::uint16_t compression = 0;
  std::string description;
  std::string software;
  std::string date;
  std::string xmp;
  std::size_t icc_bytes = 0;
  float x_resolution = 0;
  std::uint16_t resolution_unit = 0;
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint64_t> sizes;
};
struct ReadFile {
  std::vector<ReadDirectory> chain;
  std::vector<ReadDirectory> children;  // SubIFDs of the first directory
  bool big = false;
  std::vector<std::string> complaints;  // libtiff's warnings and errors
};
ReadFile read_tiff(const std::filesystem::path& path);

// What a shell command prints, both streams; empty rc means that it could not be run.
struct Output {
  int rc = -1;
  std::string text;
};
Output shell(const std::string& command);

}  // namespace histoloom::pyramid::test
