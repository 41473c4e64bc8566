// Tiles of a TIFF file, decoded by libtiff.
#pragma once

#include <tiffio.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace histoloom::pyramid {

// One thread at a time. Nothing of libtiff reaches stderr.
class TileReader {
 public:
  // \error UserError where libtiff can't open the file.
  explicit TileReader(const std::filesystem::path& path);
  ~TileReader();
  TileReader(const TileReader&) = delete;
  TileReader& operator=(const TileReader&) = delete;

  // Decodes a tile of the directory at byte `directory` into `out`, which holds it exactly, JPEG as
  // RGB. \error UserError with libtiff's words.
  void read(std::uint64_t directory, std::uint32_t tile, std::span<std::uint8_t> out);

 private:
  [[noreturn]] void fail(const std::string& doing) const;
  static int on_error(TIFF* tiff, void* reader, const char* module, const char* format,
                      va_list arguments);

  std::filesystem::path path_;
  TIFF* tiff_ = nullptr;
  std::uint64_t directory_ = 0;  // libtiff's current one; 0: unknown
  std::string error_;            // libtiff's first since the last call
};

}  // namespace histoloom::pyramid
