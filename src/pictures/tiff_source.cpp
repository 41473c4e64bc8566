#include "tiff_source.h"

#include <fmt/format.h>
#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

using pyramid::stream_colours;
using pyramid::TiffFile;
using pyramid::TiffImage;
using Numbers = std::vector<std::uint64_t>;

// Tags, types and values of TIFF 6.0 and of BigTIFF.
enum Tag : std::uint16_t {
  kBitsPerSample = 258,
  kPhotometric = 262,
  kStripOffsets = 273,
  kSamplesPerPixel = 277,
  kStripByteCounts = 279,
  kPlanarConfiguration = 284,
  kColourMap = 320,
  kTileOffsets = 324,
  kTileByteCounts = 325,
  kSubIfds = 330,
  kExtraSamples = 338,
  kSampleFormat = 339,
  kChroma = 530,
};
enum Type : std::uint16_t { kShort = 3, kLong = 4, kLong8 = 16 };
enum Colours : int { kWhiteIsZero = 0, kBlackIsZero = 1, kRgb = 2, kPalette = 3, kYcbcr = 6 };
constexpr std::uint64_t kMaxEntries = 4096;  // of one directory; libtiff's own limit

unsigned bytes_of_type(std::uint64_t type) {
  constexpr std::array<unsigned, 19> kBytes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                            8, 4, 8, 4, 0, 0, 8, 8, 8};
  return type < kBytes.size() ? kBytes[type] : 0;
}

// A file with other bytes at its begin and more at its end.
class MendedBytes {
 public:
  explicit MendedBytes(const TiffFile& file)
      : big(file.big),
        little(file.little_endian),
        source_(pyramid::open_byte_source(file.path)),
        path_(file.path),
        tail_(source_->size() % 2, '\0') {}

  std::uint64_t size() const { return source_->size() + tail_.size(); }

  // The bytes of the file itself. \error UserError past its end.
  std::string from_file(std::uint64_t at, std::uint64_t count) const {
    if (at > source_->size() || count > source_->size() - at)
      throw UserError(fmt::format("{} is truncated; fetch it again", path_.string()));
    std::string out(count, '\0');
    source_->read(at, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
    return out;
  }
  std::uint64_t number(std::string_view bytes) const {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      out = out << 8 | static_cast<std::uint8_t>(bytes[little ? bytes.size() - 1 - i : i]);
    return out;
  }
  std::string bytes_of(std::uint64_t number, unsigned count) const {
    std::string out;
    for (unsigned i = 0; i < count; ++i)
      out += static_cast<char>(number >> 8 * (little ? i : count - 1 - i) & 255);
    return out;
  }

  // Appends and returns where.
  std::uint64_t append(std::string_view bytes) {
    const std::uint64_t at = size();
    tail_ += bytes;
    if (tail_.size() % 2 != source_->size() % 2) tail_ += '\0';
    if (!big && size() > 0xFFFFFFFFu)
      throw UserError(fmt::format("{} is too large to be mended in memory; write it as BigTIFF",
                                  path_.string()));
    return at;
  }
  void set_first_directory(std::uint64_t at) {
    head_ = from_file(0, big ? 8 : 4) + bytes_of(at, big ? 8 : 4);
  }

  // Copies from `at` on; returns how much there was.
  std::uint64_t read(std::uint64_t at, std::span<std::uint8_t> out) const {
    std::uint64_t done = 0;
    const auto copy = [&](std::string_view from, std::uint64_t start) {
      if (at + done < start || at + done >= start + from.size()) return;
      const auto rest = from.substr(static_cast<std::size_t>(at + done - start));
      const std::size_t count = std::min<std::size_t>(rest.size(), out.size() - done);
      std::memcpy(out.data() + done, rest.data(), count);
      done += count;
    };
    copy(head_, 0);
    const std::uint64_t end = source_->size();
    if (done < out.size() && at + done < end) {
      const auto count = std::min<std::uint64_t>(out.size() - done, end - at - done);
      source_->read(at + done, out.subspan(done, count));
      done += count;
    }
    if (done < out.size()) copy(tail_, end);
    return done;
  }

  const bool big, little;

 private:
  std::unique_ptr<pyramid::ByteSource> source_;
  std::filesystem::path path_;
  std::string head_, tail_;
};

// One directory's entries, which may be replaced. `value` is as it stands in the entry.
class MendedDirectory {
 public:
  MendedDirectory(MendedBytes& bytes, std::uint64_t at) : bytes_(bytes), cell_(bytes.big ? 8 : 4) {
    const unsigned head = bytes.big ? 8 : 2, entry = bytes.big ? 20 : 12;
    const std::uint64_t count = std::min(bytes.number(bytes.from_file(at, head)), kMaxEntries);
    const std::string all = bytes.from_file(at + head, count * entry);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string one = all.substr(i * entry, entry);
      const auto tag = static_cast<std::uint16_t>(bytes.number(one.substr(0, 2)));
      entries_[tag] = {static_cast<std::uint16_t>(bytes.number(one.substr(2, 2))),
                       bytes.number(one.substr(4, cell_)), one.substr(4 + cell_)};
    }
    entries_.erase(kSubIfds);
  }

  bool holds(std::uint16_t tag) const { return entries_.contains(tag); }
  void remove(std::uint16_t tag) { entries_.erase(tag); }

  // At most `most` values.
  Numbers numbers(std::uint16_t tag, std::uint64_t most) const {
    const auto at = entries_.find(tag);
    if (at == entries_.end()) return {};
    const unsigned bytes = bytes_of_type(at->second.type);
    const std::uint64_t count = std::min(at->second.count, most);
    if (bytes == 0) return {};
    const bool here = at->second.count * bytes <= cell_;
    const std::string all =
        here ? at->second.value : bytes_.from_file(bytes_.number(at->second.value), count * bytes);
    Numbers out;
    for (std::uint64_t i = 0; i < count; ++i)
      out.push_back(bytes_.number(std::string_view(all).substr(i * bytes, bytes)));
    return out;
  }

  void set(std::uint16_t tag, Type type, const Numbers& values) {
    std::string all;
    for (const std::uint64_t value : values) all += bytes_.bytes_of(value, bytes_of_type(type));
    Entry entry{type, values.size(), all};
    if (all.size() > cell_) entry.value = bytes_.bytes_of(bytes_.append(all), cell_);
    entry.value.resize(cell_, '\0');
    entries_[tag] = entry;
  }

  // Makes it the only directory of the file.
  void finish() {
    std::string all = bytes_.bytes_of(entries_.size(), bytes_.big ? 8 : 2);
    for (const auto& [tag, entry] : entries_)
      all += bytes_.bytes_of(tag, 2) + bytes_.bytes_of(entry.type, 2) +
             bytes_.bytes_of(entry.count, cell_) + entry.value;
    bytes_.set_first_directory(bytes_.append(all + std::string(cell_, '\0')));
  }

 private:
  struct Entry {
    std::uint16_t type = 0;
    std::uint64_t count = 0;
    std::string value;
  };
  MendedBytes& bytes_;
  unsigned cell_;  // bytes of a count and of a value
  std::map<std::uint16_t, Entry> entries_;
};

struct ReadState {
  MendedBytes bytes;
  std::uint64_t at = 0;
  std::mutex mutex;  // libvips reads from one thread after the other
};

// Called by libvips; no exception may cross its frames.
gint64 on_read(VipsSourceCustom*, void* buffer, gint64 length, void* data) {
  auto& state = *static_cast<ReadState*>(data);
  const std::lock_guard lock(state.mutex);
  try {
    const std::uint64_t count = state.bytes.read(
        state.at, {static_cast<std::uint8_t*>(buffer), static_cast<std::size_t>(length)});
    state.at += count;
    return static_cast<gint64>(count);
  } catch (const std::exception&) {
    return -1;
  }
}

gint64 on_seek(VipsSourceCustom*, gint64 offset, int whence, void* data) {
  auto& state = *static_cast<ReadState*>(data);
  const std::lock_guard lock(state.mutex);
  const auto from = whence == SEEK_SET   ? 0
                    : whence == SEEK_CUR ? static_cast<gint64>(state.at)
                                         : static_cast<gint64>(state.bytes.size());
  if (from + offset < 0) return -1;
  state.at = static_cast<std::uint64_t>(from + offset);
  return from + offset;
}

void forget_state(void* data) { delete static_cast<ReadState*>(data); }

VipsPtr<VipsImage> open_bytes(MendedBytes bytes, bool sequential) {
  const VipsPtr<VipsSourceCustom> source(vips_source_custom_new());
  auto* state = new ReadState{std::move(bytes), 0, {}};
  g_object_set_data_full(G_OBJECT(source.get()), "histoloom", state, forget_state);
  g_signal_connect(source.get(), "read", G_CALLBACK(on_read), state);
  g_signal_connect(source.get(), "seek", G_CALLBACK(on_seek), state);
  VipsImage* out = nullptr;
  const int code = vips_tiffload_source(VIPS_SOURCE(source.get()), &out, "access",
                                        sequential ? VIPS_ACCESS_SEQUENTIAL : VIPS_ACCESS_RANDOM,
                                        "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
  return VipsPtr<VipsImage>(code == 0 ? out : nullptr);
}

// The pieces of one colour plane, or of all of them together.
struct Pieces {
  Numbers offsets, sizes;
  std::vector<std::uint8_t> missing;  // 255, else 0
};

Pieces pieces_of(const MendedDirectory& directory, const TiffImage& image, std::uint64_t first,
                 std::uint64_t count, const std::string& path) {
  const std::uint64_t all = image.pieces.expected;
  const Numbers offsets = directory.numbers(image.tiled ? kTileOffsets : kStripOffsets, all);
  const Numbers sizes = directory.numbers(image.tiled ? kTileByteCounts : kStripByteCounts, all);
  if (std::min(offsets.size(), sizes.size()) < first + count)
    throw UserError(fmt::format("{} is damaged: it doesn't list all its {}s; fetch it again", path,
                                image.tiled ? "tile" : "strip"));
  Pieces out;
  std::uint64_t good = first;
  const auto is_missing = [&](std::uint64_t i) { return offsets[i] == 0 || sizes[i] == 0; };
  while (good < first + count && is_missing(good)) ++good;
  for (std::uint64_t i = first; i < first + count; ++i) {
    const bool gone = is_missing(i);
    const std::uint64_t taken = gone ? std::min(good, first + count - 1) : i;
    out.offsets.push_back(offsets[taken]);
    out.sizes.push_back(sizes[taken]);
    out.missing.push_back(gone ? 255 : 0);
  }
  return out;
}

// `image` with white where pieces are missing.
VipsPtr<VipsImage> with_white_gaps(VipsPtr<VipsImage> image, const TiffImage& directory,
                                   const std::vector<std::uint8_t>& missing) {
  const auto columns = static_cast<int>(divide_up(directory.size.width, directory.piece.width));
  const int rows = static_cast<int>(missing.size()) / columns;
  const VipsPtr<VipsImage> gaps(vips_image_new_from_memory_copy(
      missing.data(), missing.size(), columns, rows, 1, VIPS_FORMAT_UCHAR));
  VipsImage *large = nullptr, *cut = nullptr, *out = nullptr;
  if (vips_zoom(gaps.get(), &large, static_cast<int>(directory.piece.width),
                static_cast<int>(directory.piece.height), nullptr) != 0)
    return nullptr;
  const VipsPtr<VipsImage> zoomed(large);
  if (vips_crop(large, &cut, 0, 0, vips_image_get_width(image.get()),
                vips_image_get_height(image.get()), nullptr) != 0)
    return nullptr;
  const VipsPtr<VipsImage> mask(cut);
  const VipsPtr<VipsImage> white(vips_image_new_from_image1(image.get(), 255));
  if (vips_ifthenelse(cut, white.get(), image.get(), &out, nullptr) != 0) return nullptr;
  return VipsPtr<VipsImage>(out);
}

// Whether the arrays of offsets and sizes are whole, so that they can be changed.
bool lists_all_pieces(const TiffImage& image) {
  const pyramid::PieceCount& p = image.pieces;
  return p.scanned && p.expected > 0 && p.offsets >= p.expected && p.sizes >= p.expected;
}

bool has_gaps(const TiffImage& image) {
  const pyramid::PieceCount& p = image.pieces;
  return lists_all_pieces(image) && p.missing > 0 && p.missing < p.expected;
}

bool has_tiled_planes(const TiffImage& image) {
  const bool colours = image.photometric == kRgb || image.photometric == kBlackIsZero;
  return lists_all_pieces(image) && image.tiled && image.planar == 2 && image.samples > 1 &&
         colours;
}

void set_plane(MendedDirectory& directory, const TiffImage& image) {
  directory.set(kBitsPerSample, kShort, {static_cast<std::uint64_t>(image.bits_per_sample())});
  directory.set(kSamplesPerPixel, kShort, {1});
  directory.set(kPlanarConfiguration, kShort, {1});
  directory.set(kPhotometric, kShort, {kBlackIsZero});
  for (const std::uint16_t tag : {kExtraSamples, kColourMap, kChroma}) directory.remove(tag);
  if (directory.holds(kSampleFormat))
    directory.set(kSampleFormat, kShort, {static_cast<std::uint64_t>(image.sample_format)});
}

void set_colours(MendedDirectory& directory, const TiffImage& image, TiffContent content) {
  if (content == TiffContent::ids) {
    if (image.photometric == kPalette || image.photometric == kWhiteIsZero)
      directory.set(kPhotometric, kShort, {kBlackIsZero});
    return;
  }
  const int colours = stream_colours(image);
  if (colours == image.photometric) return;
  directory.set(kPhotometric, kShort, {static_cast<std::uint64_t>(colours)});
  if (colours == kYcbcr)
    directory.set(kChroma, kShort,
                  {static_cast<std::uint64_t>(image.jpeg->sampling_x),
                   static_cast<std::uint64_t>(image.jpeg->sampling_y)});
}

// All samples, or those of one colour plane.
VipsPtr<VipsImage> open_part(const TiffFile& file, const TiffImage& image, TiffContent content,
                             bool sequential, std::optional<int> plane) {
  MendedBytes bytes(file);
  MendedDirectory directory(bytes, image.at);
  const std::uint64_t parts = plane ? static_cast<std::uint64_t>(image.samples) : 1;
  std::vector<std::uint8_t> missing;
  if (plane || has_gaps(image)) {
    const std::uint64_t count = image.pieces.expected / parts;
    Pieces pieces =
        pieces_of(directory, image, count * static_cast<std::uint64_t>(plane.value_or(0)), count,
                  file.path.string());
    const Type type = file.big ? kLong8 : kLong;
    directory.set(image.tiled ? kTileOffsets : kStripOffsets, type, pieces.offsets);
    directory.set(image.tiled ? kTileByteCounts : kStripByteCounts, type, pieces.sizes);
    if (std::count(pieces.missing.begin(), pieces.missing.end(), 255) > 0)
      missing = std::move(pieces.missing);
  }
  plane ? set_plane(directory, image) : set_colours(directory, image, content);
  directory.finish();
  VipsPtr<VipsImage> out = open_bytes(std::move(bytes), sequential);
  if (!out || missing.empty()) return out;
  return with_white_gaps(std::move(out), image, missing);
}

}  // namespace

bool has_odd_grey_palette(const TiffFile& file) {
  const TiffImage& image = file.chain[0];
  if (image.photometric != kPalette || image.bits_per_sample() > 8) return false;
  MendedBytes bytes(file);
  const std::uint64_t count = std::uint64_t{1} << std::max(0, image.bits_per_sample());
  const Numbers map = MendedDirectory(bytes, image.at).numbers(kColourMap, 3 * count);
  if (map.empty() || std::count(map.begin(), map.end(), map[0]) == std::ssize(map)) return false;
  bool odd = false;
  // Of 16 bits; some writers leave the lower 8 at 0, and some write 8 bits alone.
  const bool narrow = std::all_of(map.begin(), map.end(), [](auto v) { return v < 256; });
  for (std::uint64_t i = 0; map.size() == 3 * count && i < count; ++i) {
    if (map[i] != map[count + i] || map[i] != map[2 * count + i]) return false;
    odd = odd || (narrow ? map[i] : map[i] >> 8) != i;
  }
  return odd;
}

bool needs_mending(const TiffImage& image) {
  return has_gaps(image) || has_tiled_planes(image) || stream_colours(image) != image.photometric;
}

VipsPtr<VipsImage> open_directory(const TiffFile& file, const TiffImage& image, TiffContent content,
                                  bool sequential) {
  start_vips();
  if (!has_tiled_planes(image)) return open_part(file, image, content, sequential, std::nullopt);
  std::vector<VipsPtr<VipsImage>> planes;
  std::vector<VipsImage*> raw;
  for (int i = 0; i < image.samples; ++i) {
    planes.push_back(open_part(file, image, content, sequential, i));
    if (!planes.back()) return nullptr;
    raw.push_back(planes.back().get());
  }
  VipsImage *joined = nullptr, *out = nullptr;
  if (vips_bandjoin(raw.data(), &joined, image.samples, nullptr) != 0) return nullptr;
  const VipsPtr<VipsImage> owned(joined);
  const VipsInterpretation space =
      image.samples < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  if (vips_copy(joined, &out, "interpretation", space, nullptr) != 0) return nullptr;
  return VipsPtr<VipsImage>(out);
}

}  // namespace histoloom
