#include "histoloom/evaluate/patch_source.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"

namespace histoloom::evaluate {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse_channels(const PictureFile& file) {
  throw UserError(fmt::format("{}: must have the three bands RGB, got {}", file.path().string(),
                              file.channels()));
}

}  // namespace

std::unique_ptr<PatchSource> open_patch_source(const fs::path& path) {
  std::unique_ptr<PictureFile> file = open_picture(path);
  if (file->channels() != 3) refuse_channels(*file);
  return file;
}

namespace {
constexpr int kSourceBits = 24, kColumnBits = 20;
}  // namespace

PartId part_of(std::size_t source, PixelPoint place) {
  constexpr std::int64_t kSide = 1024;
  check_internal(source < PartId{1} << kSourceBits, "too many sources");
  return source | static_cast<PartId>(place.x / kSide) << kSourceBits |
         static_cast<PartId>(place.y / kSide) << (kSourceBits + kColumnBits);
}

std::size_t source_of(PartId part) { return part & ((PartId{1} << kSourceBits) - 1); }

}  // namespace histoloom::evaluate
