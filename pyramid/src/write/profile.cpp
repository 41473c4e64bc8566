#include "profile.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "date.h"
#include "histoloom/core/error.h"

namespace histoloom::pyramid {
namespace {

enum Tag : std::uint16_t {
  kNewSubfileType = 254,
  kImageWidth = 256,
  kImageLength = 257,
  kBitsPerSample = 258,
  kCompression = 259,
  kPhotometric = 262,
  kImageDescription = 270,
  kStripOffsets = 273,
  kOrientation = 274,
  kSamplesPerPixel = 277,
  kRowsPerStrip = 278,
  kStripByteCounts = 279,
  kXResolution = 282,
  kYResolution = 283,
  kPlanarConfig = 284,
  kResolutionUnit = 296,
  kSoftware = 305,
  kDateTime = 306,
  kPredictor = 317,
  kColorMap = 320,
  kTileWidth = 322,
  kTileLength = 323,
  kTileOffsets = 324,
  kTileByteCounts = 325,
  kSampleFormat = 339,
  kSMinSampleValue = 340,
  kSMaxSampleValue = 341,
  kJpegTables = 347,
  kYCbCrSubsampling = 530,
  kReferenceBlackWhite = 532,
  kXmp = 700,
  kIccProfile = 34675,
};

std::uint16_t compression_code(Compression compression) {
  switch (compression) {
    case Compression::jpeg:
      return 7;
    case Compression::deflate:
      return 8;
    case Compression::lzw:
      return 5;
    case Compression::none:
      return 1;
  }
  throw InternalError("no such compression");
}

// What a directory of tiles and one of strips share.
void add_image(Directory& d, std::uint32_t subfile, PixelSize size, const Encoding& encoding,
               const std::vector<std::uint8_t>& jpeg_tables) {
  const auto channels = static_cast<std::size_t>(encoding.channels);
  const bool jpeg = encoding.compression == Compression::jpeg;
  constexpr std::array<std::uint16_t, 3> kEight{8, 8, 8};
  constexpr std::array<std::uint16_t, 3> kUnsigned{1, 1, 1};
  d.add_long(kNewSubfileType, subfile);
  d.add_long(kImageWidth, static_cast<std::uint32_t>(size.width));
  d.add_long(kImageLength, static_cast<std::uint32_t>(size.height));
  d.add_shorts(kBitsPerSample, std::span(kEight).first(channels));
  d.add_short(kCompression, compression_code(encoding.compression));
  d.add_short(kPhotometric, channels == 1 ? 1 : jpeg ? 6 : 2);
  d.add_short(kOrientation, 1);
  d.add_short(kSamplesPerPixel, static_cast<std::uint16_t>(channels));
  d.add_short(kPlanarConfig, 1);
  d.add_shorts(kSampleFormat, std::span(kUnsigned).first(channels));
  if (encoding.predictor) d.add_short(kPredictor, 2);
  if (!jpeg) return;
  d.add_bytes(kJpegTables, FieldType::undefined, jpeg_tables);
  if (channels == 3) {
    const std::uint16_t step = encoding.subsampled ? 2 : 1;
    d.add_shorts(kYCbCrSubsampling, std::array<std::uint16_t, 2>{step, step});
    // JPEG's full range; without it a reader may assume that of video.
    constexpr std::array<Rational, 6> kFull{
        {{0, 1}, {255, 1}, {128, 1}, {255, 1}, {128, 1}, {255, 1}}};
    d.add_rationals(kReferenceBlackWhite, kFull);
  }
}

// Centimetres, because ASAP reads no other unit. `downsample` is the level's.
void add_resolution(Directory& d, const WriterOptions& options, double downsample_x,
                    double downsample_y) {
  if (!options.mpp) {
    d.add_rational(kXResolution, {1, 1});
    d.add_rational(kYResolution, {1, 1});
    d.add_short(kResolutionUnit, 1);  // none, so that nobody takes it for a size
    return;
  }
  d.add_rational(kXResolution, to_rational(1e4 / (*options.mpp * downsample_x)));
  d.add_rational(kYResolution, to_rational(1e4 / (*options.mpp * downsample_y)));
  d.add_short(kResolutionUnit, 3);
}

void add_provenance(Directory& d, const WriterOptions& options) {
  d.add_ascii(kSoftware, options.software);
  if (!options.date.empty()) d.add_ascii(kDateTime, tiff_date(parse_date(options.date)));
}

// The colour profile; for RGB without one, sRGB.
void add_colour(Directory& d, const WriterOptions& options) {
  if (!options.icc_profile.empty()) {
    d.add_bytes(kIccProfile, FieldType::undefined, options.icc_profile);
  } else if (options.channels == 3) {
    d.add_bytes(kIccProfile, FieldType::undefined, srgb_profile());
  }
}

Directory level_directory(const WriterOptions& options, StoredFile& file, std::size_t index,
                          std::uint32_t subfile) {
  StoredLevel& level = file.levels[index];
  const PixelSize base = file.levels[0].size;
  Directory d;
  add_image(d, subfile, level.size, file.encoding, file.jpeg_tables);
  d.add_long(kTileWidth, static_cast<std::uint32_t>(options.tile));
  d.add_long(kTileLength, static_cast<std::uint32_t>(options.tile));
  d.add_offsets(kTileOffsets, std::exchange(level.tiles.offsets, {}));
  d.add_longs(kTileByteCounts, std::exchange(level.tiles.sizes, {}));
  add_resolution(d, options,
                 static_cast<double>(base.width) / static_cast<double>(level.size.width),
                 static_cast<double>(base.height) / static_cast<double>(level.size.height));
  add_provenance(d, options);
  if (index == 0) {
    add_colour(d, options);
    if (!options.digital_source_type.empty()) {
      const std::string xmp = xmp_packet(options);
      d.add_bytes(kXmp, FieldType::byte, std::vector<std::uint8_t>(xmp.begin(), xmp.end()));
    }
  }
  return d;
}

Directory strip_directory(const WriterOptions& options, StoredImage& stored,
                          std::uint32_t subfile) {
  Directory d;
  add_image(d, subfile, stored.image.size, stored.encoding, stored.jpeg_tables);
  d.add_long(kRowsPerStrip, static_cast<std::uint32_t>(stored.rows_per_strip));
  d.add_offsets(kStripOffsets, std::exchange(stored.strips.offsets, {}));
  d.add_longs(kStripByteCounts, std::exchange(stored.strips.sizes, {}));
  WriterOptions plain = options;
  plain.mpp.reset();
  add_resolution(d, plain, 1, 1);
  add_provenance(d, options);
  return d;
}

// Labels: the range of ids, which viewers stretch for display.
void add_label_range(Directory& d, const WriterOptions& options) {
  if (options.classes.empty()) return;
  std::uint8_t most = 0;
  for (const auto& label : options.classes) {
    most = std::max(most, static_cast<std::uint8_t>(label.id));
  }
  const std::uint8_t least = 0;
  d.add_bytes(kSMinSampleValue, FieldType::byte, {&least, 1});
  d.add_bytes(kSMaxSampleValue, FieldType::byte, {&most, 1});
}

// 256 reds, greens and blues of 16 bits.
std::vector<std::uint16_t> colour_map(const WriterOptions& options) {
  std::vector<std::uint16_t> map(768, 0);
  for (const auto& label : options.classes) {
    for (std::size_t c = 0; c < 3; ++c) {
      map[256 * c + static_cast<std::size_t>(label.id)] =
          static_cast<std::uint16_t>(257 * label.colour[c]);
    }
  }
  return map;
}

std::vector<Directory> generic_chain(const WriterOptions& options, StoredFile& file) {
  std::vector<Directory> chain;
  for (std::size_t i = 0; i < file.levels.size(); ++i) {
    Directory d = level_directory(options, file, i, i == 0 ? 0 : 1);
    const std::string description = generic_description(options);
    if (i == 0 && !description.empty()) d.add_ascii(kImageDescription, description);
    add_label_range(d, options);
    if (options.palette) {
      d.replace_short(kPhotometric, 3);
      d.add_shorts(kColorMap, colour_map(options));
    }
    chain.push_back(std::move(d));
  }
  return chain;
}

std::vector<Directory> svs_chain(const WriterOptions& options, StoredFile& file) {
  std::vector<Directory> chain;
  std::vector<Directory> tail;
  std::vector<Directory> thumbnail;
  for (StoredImage& stored : file.associated) {
    const bool is_thumbnail = stored.image.name == "thumbnail";
    const std::uint32_t subfile = is_thumbnail ? 0 : stored.image.name == "label" ? 1 : 9;
    Directory d = strip_directory(options, stored, subfile);
    d.add_ascii(kImageDescription, is_thumbnail
                                       ? svs_thumbnail_description(options, stored.image.size)
                                       : svs_associated_description(stored.image));
    (is_thumbnail ? thumbnail : tail).push_back(std::move(d));
  }
  for (std::size_t i = 0; i < file.levels.size(); ++i) {
    const PixelSize size = file.levels[i].size;
    Directory d = level_directory(options, file, i, 0);
    d.add_ascii(kImageDescription,
                i == 0 ? svs_slide_description(options) : svs_level_description(options, size));
    chain.push_back(std::move(d));
    if (i == 0) std::move(thumbnail.begin(), thumbnail.end(), std::back_inserter(chain));
  }
  std::move(tail.begin(), tail.end(), std::back_inserter(chain));
  return chain;
}

std::vector<Directory> ome_chain(const WriterOptions& options, StoredFile& file) {
  std::vector<Directory> chain;
  std::vector<Associated> names;
  for (const StoredImage& stored : file.associated) names.push_back(stored.image);
  chain.push_back(level_directory(options, file, 0, 0));
  chain[0].add_ascii(kImageDescription, ome_xml(options, names));
  for (std::size_t i = 1; i < file.levels.size(); ++i) {
    chain[0].children.push_back(level_directory(options, file, i, 1));
  }
  std::size_t padding = 0;
  for (std::size_t i = 0; i < file.associated.size(); ++i) {
    while (chain.size() < ome_directory(options, i))
      chain.push_back(strip_directory(options, file.padding[padding++], 0));
    chain.push_back(strip_directory(options, file.associated[i], 0));
  }
  return chain;
}

}  // namespace

std::size_t padding_of(const WriterOptions& options, std::size_t associated) {
  if (options.profile != Profile::ome || associated == 0) return 0;
  return ome_directory(options, associated - 1) - associated;
}

std::vector<Directory> directories_for(const WriterOptions& options, StoredFile file) {
  switch (options.profile) {
    case Profile::generic:
      return generic_chain(options, file);
    case Profile::svs:
      return svs_chain(options, file);
    case Profile::ome:
      return ome_chain(options, file);
  }
  throw InternalError("no such profile");
}

}  // namespace histoloom::pyramid
