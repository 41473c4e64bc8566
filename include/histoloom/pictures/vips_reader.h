// One image opened through libvips, read by rows from top to bottom. No libvips type in sight, its
// messages caught, and no text of its own on stderr.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "histoloom/core/geometry.h"

namespace histoloom {

// How pixels come out.
enum class PixelsAs {
  stored,   // any bands and type
  picture,  // grey or RGB of 8 bits, an alpha channel on white
  ids,      // open_mask()'s: one band of 8 bits
  colours,  // a mask whose colours stand for labels: as stored, but refused if lossy
};

class VipsReader {
 public:
  // Opens the file. `or_else` ends the refusal of a mask of several bands, as ", or …" does.
  // \error UserError as open_picture() and open_mask().
  explicit VipsReader(const std::filesystem::path& path, PixelsAs as = PixelsAs::stored,
                      std::string_view or_else = "");
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
