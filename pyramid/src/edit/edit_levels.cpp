#include "edit_levels.h"

#include <fmt/format.h>

#include <cmath>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {
namespace {

constexpr int kNone = 1, kLzw = 5, kJpeg = 7, kDeflate = 8, kOldDeflate = 32946;
constexpr int kRgb = 2, kYcbcr = 6;
constexpr std::int64_t kLargestTile = 16384;  // px a side; a JPEG stream ends at 65,535

// What keeps a directory from being edited; empty: nothing.
std::string obstacle(const TiffImage& image) {
  if (!image.tiled) return "is stored in strips";
  if (image.samples != 3 || image.bits_per_sample() != 8 || image.sample_format != 1)
    return fmt::format("has {} samples of {} bits", image.samples, image.bits_per_sample());
  if (image.planar != 1) return "stores its colours apart (planar)";
  const bool jpeg = image.compression == kJpeg;
  if (!jpeg && image.compression != kNone && image.compression != kLzw &&
      image.compression != kDeflate && image.compression != kOldDeflate)
    return fmt::format("has compression {}", image.compression);
  if (image.photometric != kRgb && !(jpeg && image.photometric == kYcbcr))
    return fmt::format("has photometric interpretation {}", image.photometric);
  if (stream_colours(image) != image.photometric)
    return fmt::format("says {}, but its JPEG says {}; readers show different colours",
                       image.photometric == kRgb ? "RGB" : "YCbCr",
                       image.photometric == kRgb ? "YCbCr" : "RGB");
  if (image.predictor != 1 && (jpeg || image.predictor != 2))
    return fmt::format("has predictor {}", image.predictor);
  return {};
}

[[noreturn]] void refuse(const TiffFile& file, const TiffImage& image, const std::string& why,
                         ErrorCode code = ErrorCode::unsupported) {
  throw UserError(
      fmt::format("{}: can't be edited: its image of {}x{} px {}; tiled TIFFs of 8-bit RGB in "
                  "JPEG, deflate, LZW or uncompressed can, such as 'histoloom pyramid' writes",
                  file.path.string(), image.size.width, image.size.height, why),
      code);
}

bool same_shape(PixelSize a, PixelSize b) {
  // A level's sides may be rounded by one pixel.
  const auto cross = static_cast<double>(a.width * b.height - b.width * a.height);
  return std::abs(cross) <= static_cast<double>(a.width + a.height);
}

// How many pixels of level 0 make one of `side`; 0 where that is no whole number.
std::int64_t factor_of(std::int64_t base, std::int64_t side) {
  const auto factor = std::llround(static_cast<double>(base) / static_cast<double>(side));
  if (factor < 1) return 0;
  return base / factor == side || divide_up(base, factor) == side ? factor : 0;
}

std::int64_t factor_of(PixelSize base, PixelSize level) {
  // The longer side tells them apart better.
  const bool wide = base.width >= base.height;
  const std::int64_t factor =
      wide ? factor_of(base.width, level.width) : factor_of(base.height, level.height);
  if (factor == 0) return 0;
  const std::int64_t other = wide ? base.height : base.width;
  const std::int64_t side = wide ? level.height : level.width;
  return std::max<std::int64_t>(1, other / factor) == side || divide_up(other, factor) == side
             ? factor
             : 0;
}

EditLevel make_level(const TiffFile& file, TiffParser& parser, const TiffImage& image) {
  const std::string why = obstacle(image);
  if (!why.empty()) refuse(file, image, why);
  if (image.size.empty() || image.piece.empty() || image.piece.width > kLargestTile ||
      image.piece.height > kLargestTile)
    refuse(file, image,
           fmt::format("states tiles of {}x{} px", image.piece.width, image.piece.height),
           ErrorCode::damaged_file);
  if (image.truncated)
    refuse(file, image, "reaches past the end of the file", ErrorCode::damaged_file);
  EditLevel level{image, factor_of(file.chain[0].size, image.size), {}, {}, {}};
  if (level.factor == 0) refuse(file, image, "is no whole fraction of the slide's size");
  const RawDirectory raw = parser.directory(image.at, "a level");
  const TiffField *offsets = raw.find(324), *sizes = raw.find(325), *tables = raw.find(347);
  const auto tiles = static_cast<std::uint64_t>(level.tiles().area());
  if (offsets == nullptr || sizes == nullptr || offsets->count < tiles || sizes->count < tiles)
    refuse(file, image, "doesn't list all its tiles", ErrorCode::damaged_file);
  level.offsets = *offsets;
  level.sizes = *sizes;
  if (tables != nullptr) level.jpeg_tables = parser.bytes(tables->at, tables->count);
  return level;
}

}  // namespace

std::vector<EditLevel> edit_levels(const TiffFile& file, TiffParser& parser) {
  std::vector<EditLevel> levels{make_level(file, parser, file.chain[0])};
  const auto add = [&](const TiffImage& image) {
    if (image.tiled && same_shape(file.chain[0].size, image.size))
      levels.push_back(make_level(file, parser, image));
  };
  for (std::size_t i = 1; i < file.chain.size(); ++i) add(file.chain[i]);
  for (const TiffImage& child : file.chain[0].children) add(child);
  return levels;
}

}  // namespace histoloom::pyramid
