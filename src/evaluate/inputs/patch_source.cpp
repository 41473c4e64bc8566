#include "histoloom/evaluate/patch_source.h"

#include "histoloom/core/error.h"

namespace histoloom::evaluate {

std::unique_ptr<PatchSource> open_patch_source(const std::filesystem::path& path) {
  std::unique_ptr<PictureFile> file = open_picture(path);
  require_rgb(path, file->channels());
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
