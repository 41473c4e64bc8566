// One image opened through libvips, read by rows from top to bottom. No libvips type in sight, its
// messages caught, and no text of its own on stderr.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "histoloom/core/geometry.h"

namespace histoloom {

class VipsReader {
 public:
  // Opens the file; UserError if it is missing, can't be read or is no image.
  explicit VipsReader(const std::filesystem::path& path);
  // Opens an image in memory; `path` is what errors name.
  VipsReader(const std::filesystem::path& path, std::string bytes);
  ~VipsReader();
  VipsReader(const VipsReader&) = delete;
  VipsReader& operator=(const VipsReader&) = delete;

  PixelSize size() const;
  int bands() const;
  // libvips' name of the pixel type: "uchar", "ushort", …
  std::string format() const;
  // Microns a pixel by the image's resolution, if it is one of a microscope.
  std::optional<double> mpp() const;

  // Copies the bytes of `count` rows from `y` on, width × bands each, to `out`. Rows are read in
  // ascending order. UserError if the file turns out to be damaged.
  void read_rows(std::int64_t y, std::int64_t count, std::uint8_t* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
