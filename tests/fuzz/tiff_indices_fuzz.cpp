// A mask in TIFF and a picture in TIFF, on any bytes: an image of the size that it states, or one
// refusal.
#include <cstdint>
#include <cstdlib>

#include "histoloom/core/error.h"
#include "histoloom/pictures/open_picture.h"
#include "input_file.h"

namespace {

constexpr std::int64_t kMostPixels = 1 << 20;

using Open = std::unique_ptr<histoloom::PictureFile>(const std::filesystem::path&);

void read_all(Open* open, const std::filesystem::path& path) {
  try {
    const auto file = open(path);
    if (file->size().area() > kMostPixels) return;
    std::int64_t rows = 0;
    file->read_rows(1, [&](const histoloom::PictureView& view) { rows += view.size.height; });
    if (rows != file->size().height) std::abort();
  } catch (const histoloom::UserError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const histoloom::fuzz::InputFile file(data, size);
  read_all(histoloom::open_mask, file.path());
  read_all(histoloom::open_picture, file.path());
  return 0;
}
