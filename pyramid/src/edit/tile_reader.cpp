#include "tile_reader.h"

#include <fmt/format.h>

#include <array>
#include <cstdarg>
#include <cstdio>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {

// libtiff calls it from C, so nothing may be thrown here; the first message is the cause.
int TileReader::on_error(TIFF*, void* reader, const char*, const char* format, va_list arguments) {
  auto& self = *static_cast<TileReader*>(reader);
  std::array<char, 512> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  if (self.error_.empty()) self.error_ = one_line(text.data());
  return 1;
}

TileReader::TileReader(const std::filesystem::path& path) : path_(path) {
  TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, this);
  TIFFOpenOptionsSetWarningHandlerExtR(
      options, [](TIFF*, void*, const char*, const char*, va_list) { return 1; }, nullptr);
  tiff_ = TIFFOpenExt(path.c_str(), "r", options);
  TIFFOpenOptionsFree(options);
  if (tiff_ == nullptr) fail("can't be opened");
}

TileReader::~TileReader() { TIFFClose(tiff_); }

void TileReader::fail(const std::string& doing) const {
  throw UserError(fmt::format("{}: {} ({}); the file is damaged", path_.string(), doing,
                              error_.empty() ? "libtiff doesn't say why" : error_),
                  ErrorCode::damaged_file);
}

void TileReader::read(std::uint64_t directory, std::uint32_t tile, std::span<std::uint8_t> out) {
  error_.clear();
  if (directory_ != directory) {
    directory_ = 0;
    if (TIFFSetSubDirectory(tiff_, directory) != 1)
      fail(fmt::format("the directory at byte {} can't be read", directory));
    std::uint16_t compression = 0;
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_COMPRESSION, &compression);
    if (compression == COMPRESSION_JPEG)
      TIFFSetField(tiff_, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    directory_ = directory;
  }
  const auto size = static_cast<tmsize_t>(out.size());
  check_internal(TIFFTileSize(tiff_) == size, "a tile's buffer has another size than its pixels");
  if (TIFFReadEncodedTile(tiff_, tile, out.data(), size) != size || !error_.empty())
    fail(fmt::format("tile {} of the directory at byte {} can't be decoded", tile, directory));
}

}  // namespace histoloom::pyramid
