// PNG: W3C's specification, section 5.3: chunks of a length, a type, the data and a checksum.
// JPEG: ITU T.81, annex B: segments of a marker and a length up to the first scan; in a scan's data
// every 0xFF is followed by 0, so that 0xFF 0xD9 can only be the end.
#include "truncation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "histoloom/core/error.h"
#include "histoloom/core/readable.h"
#include "histoloom/pictures/vips.h"
#include "histoloom/pyramid/scale.h"

namespace histoloom {

namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1A\n";
constexpr std::string_view kJpegStart = "\xFF\xD8\xFF";
constexpr int kStartOfScan = 0xDA;
constexpr double kLargestTile = 1 << 30;  // bytes

std::uint32_t big_endian_number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

// `count` bytes, fewer at the end of the file.
std::string take(std::istream& in, std::size_t count) {
  std::string bytes(count, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

bool png_ends(std::istream& in, std::uint64_t size) {
  std::uint64_t at = kPngSignature.size();
  while (at + 12 <= size) {
    in.seekg(static_cast<std::streamoff>(at));
    const std::string head = take(in, 8);
    at += 12 + std::uint64_t{big_endian_number(std::string_view(head).substr(0, 4))};
    if (std::string_view(head).substr(4) == "IEND") return at <= size;
  }
  return false;
}

// Where the first scan's data begin; `size` where the file ends before.
std::uint64_t first_scan(std::istream& in, std::uint64_t size) {
  std::uint64_t at = 2;
  while (at + 4 <= size) {
    in.seekg(static_cast<std::streamoff>(at));
    const std::string head = take(in, 4);
    const auto marker = static_cast<std::uint8_t>(head[1]);
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    at += 2 + std::uint64_t{big_endian_number(std::string_view(head).substr(2))};
    if (marker == kStartOfScan) return std::min(at, size);
  }
  return size;
}

// Searched from the back, where the end of a whole file is.
bool jpeg_ends(std::istream& in, std::uint64_t size) {
  constexpr std::uint64_t kAtOnce = std::uint64_t{1} << 20;
  const std::uint64_t begin = first_scan(in, size);
  for (std::uint64_t end = size; end > begin;) {
    const std::uint64_t from = std::max(begin, end - std::min(end, kAtOnce));
    in.seekg(static_cast<std::streamoff>(from));
    const std::uint64_t count = std::min(size, end + 1) - from;  // a marker may straddle two parts
    if (take(in, count).rfind("\xFF\xD9") != std::string::npos) return true;
    end = from;
  }
  return false;
}

// Readers take tiles that aren't listed for empty ones, and work for hours on what isn't there.
void require_listed_pieces(const pyramid::TiffImage& image, const std::filesystem::path& path) {
  constexpr int kOldJpeg = 6;  // may lie at a place of its own
  const pyramid::PieceCount& pieces = image.pieces;
  if (image.truncated) return;  // who says so says more
  if (pieces.offsets < pieces.expected && image.compression != kOldJpeg)
    throw UserError(fmt::format(
        "{} is damaged: it lists {} of the {} {}s of its image of {}x{} px; fetch it again",
        path.string(), pieces.offsets, pieces.expected, image.tiled ? "tile" : "strip",
        image.size.width, image.size.height));
}

}  // namespace

void require_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  in.seekg(0, std::ios::end);
  const auto size = static_cast<std::uint64_t>(in.tellg());
  in.seekg(0);
  const std::string head = take(in, kPngSignature.size());
  const bool png = head == kPngSignature;
  const bool jpeg = head.starts_with(kJpegStart);
  in.clear();
  if ((png && !png_ends(in, size)) || (jpeg && !jpeg_ends(in, size)))
    throw UserError(fmt::format("{} is truncated: it has no end as every {} has; fetch it again",
                                path.string(), png ? "PNG" : "JPEG"));
}

void require_whole(const pyramid::TiffFile& file) {
  for (std::size_t i = 0; i < file.chain.size(); ++i)
    if (file.chain[i].truncated)
      throw UserError(
          fmt::format("{} is truncated: parts of its directory {} lie past its end; fetch it again",
                      file.path.string(), i));
}

void require_usable(const std::filesystem::path& path, std::string_view wanted) {
  start_vips();
  require_readable(path, wanted);
  require_whole(path);
  require_possible_pieces(path);
}

void require_possible_pieces(const std::filesystem::path& path) {
  if (!is_tiff(path)) return;
  std::vector<pyramid::TiffImage> images;
  try {
    images = pyramid::read_tiff(path).chain;
  } catch (const UserError&) {
    return;  // whoever decodes it will say what is wrong
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    const pyramid::TiffImage image = images[i];
    const double bytes = static_cast<double>(image.piece.width) *
                         static_cast<double>(image.piece.height) * image.samples *
                         image.bits_per_sample() / 8;
    if (image.tiled && bytes > kLargestTile)
      throw UserError(fmt::format("{} is damaged: it states tiles of {}x{} px; fetch it again",
                                  path.string(), image.piece.width, image.piece.height));
    require_listed_pieces(image, path);
    images.insert(images.end(), image.children.begin(), image.children.end());
  }
}

void require_one_image(const pyramid::TiffFile& file) {
  constexpr std::uint32_t kReducedOrMask = 5;  // NewSubfileType's bits
  const pyramid::TiffImage& first = file.chain[0];
  std::set<std::size_t> beside;  // label, macro, …
  for (const pyramid::AssociatedView& picture : pyramid::scale_of(file).associated)
    beside.insert(static_cast<std::size_t>(picture.directory));
  int count = 0;
  for (std::size_t i = 0; i < file.chain.size(); ++i)
    if (file.chain[i].size == first.size && (file.chain[i].subfile & kReducedOrMask) == 0 &&
        !beside.contains(i))
      ++count;
  const std::string path = file.path.string();
  if (count > 1)
    throw UserError(
        fmt::format("{}: holds {} images of {}x{} px, such as planes, channels or times; one is "
                    "needed: take it first, as 'vips copy {}[page=0] one.tif' does",
                    path, count, first.size.width, first.size.height, path));
  const pyramid::PieceCount& pieces = first.pieces;
  if (pieces.expected > 0 && pieces.missing == pieces.expected)
    throw UserError(fmt::format("{}: all {} {}s of its image are missing; fetch it again", path,
                                pieces.expected, first.tiled ? "tile" : "strip"));
  constexpr int kOldJpeg = 6;  // may lie at a place of its own
  if (pieces.offsets < pieces.expected && first.compression != kOldJpeg)
    throw UserError(
        fmt::format("{} is damaged: it lists {} of the {} {}s of its image of {}x{} px; "
                    "fetch it again",
                    path, pieces.offsets, pieces.expected, first.tiled ? "tile" : "strip",
                    first.size.width, first.size.height));
}

bool starts_as_tiff(std::string_view bytes) {
  if (bytes.size() < 4) return false;
  return (bytes.starts_with("II") && (bytes[2] == 42 || bytes[2] == 43)) ||
         (bytes.starts_with("MM") && (bytes[3] == 42 || bytes[3] == 43));
}

bool is_tiff(const std::filesystem::path& path) {
  std::array<char, 4> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  return starts_as_tiff(std::string_view(head.data(), head.size()));
}

}  // namespace histoloom
