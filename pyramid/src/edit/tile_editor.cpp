// The copy, in the order in which it is written:
//   1. the slide, byte for byte;
//   2. the new tiles, level by level, and over the old entries where they lie;
//   3. the first directory again, with the mark, and over the header where it lies;
//   4. sync; rename.
#include "histoloom/pyramid/tile_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "edit_levels.h"
#include "edit_mark.h"
#include "edit_output.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "jpeg_patch.h"
#include "reduce.h"
#include "tile_encoder.h"
#include "tile_reader.h"

namespace histoloom::pyramid {
namespace {

constexpr int kChannels = 3;
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

// New pixels of one level, and which of them are a change.
struct Change {
  PixelRect rect;
  Raster pixels;
  std::vector<std::uint8_t> flags;

  bool touches(const PixelRect& area) const {
    const PixelRect part = intersect(area, rect);
    if (part.empty()) return false;
    for (std::int64_t y = part.y0; y < part.y1; ++y) {
      const auto row = flags.begin() + (y - rect.y0) * rect.width() - rect.x0;
      if (std::find(row + part.x0, row + part.x1, 1) != row + part.x1) return true;
    }
    return false;
  }

  // Copies changed pixels into a tile whose corner is `corner`.
  void paste(PixelPoint corner, Raster& tile) const {
    const PixelRect part =
        intersect(PixelRect::at(corner, PixelSize{tile.width, tile.height}), rect);
    for (std::int64_t y = part.y0; y < part.y1; ++y) {
      for (std::int64_t x = part.x0; x < part.x1; ++x) {
        const std::int64_t at = (y - rect.y0) * rect.width() + x - rect.x0;
        if (flags[static_cast<std::size_t>(at)] == 0) continue;
        const std::uint8_t* from = pixels.pixels.data() + at * kChannels;
        std::copy_n(from, kChannels, tile.row(y - corner.y) + (x - corner.x) * kChannels);
      }
    }
  }
};

Encoding encoding_of(const TiffImage& image) {
  const Compression compression = image.compression == 1   ? Compression::none
                                  : image.compression == 5 ? Compression::lzw
                                                           : Compression::deflate;
  return {compression, kChannels, 0, false, image.predictor == 2};
}

// Encodes the changed tiles of one level.
class LevelEncoder {
 public:
  explicit LevelEncoder(const EditLevel& level)
      : jpeg_(level.image.compression == 7),
        patcher_(level.jpeg_tables, level.image.photometric == 2),
        encoder_(encoding_of(level.image)) {}

  // `tile` already shows the change; `old` are the bytes that it was stored as.
  std::vector<std::uint8_t> encode(const Raster& tile, const std::vector<std::uint8_t>& old,
                                   const JpegPatcher::Changed& changed) {
    if (jpeg_) return patcher_.patch(old, tile.block(), changed);
    return encoder_.encode(tile.block(), tile.width, tile.height).bytes;
  }

 private:
  bool jpeg_;
  JpegPatcher patcher_;
  TileEncoder encoder_;
};

// The rectangle, grown to whole windows of `factor` pixels and cut at the image's edges.
PixelRect whole_windows(const PixelRect& rect, std::int64_t factor, PixelSize size) {
  return intersect({rect.x0 / factor * factor, rect.y0 / factor * factor,
                    divide_up(rect.x1, factor) * factor, divide_up(rect.y1, factor) * factor},
                   PixelRect::of(size));
}

// What a change of level 0, given with whole windows around it, is in a level.
Change reduced(const Change& base, const EditLevel& level) {
  const std::int64_t f = level.factor;
  if (f == 1) return base;
  const PixelSize size = level.image.size;
  Change out;
  out.rect = intersect(
      {base.rect.x0 / f, base.rect.y0 / f, divide_up(base.rect.x1, f), divide_up(base.rect.y1, f)},
      PixelRect::of(size));
  out.pixels = Raster(out.rect.width(), out.rect.height(), kChannels, 0);
  out.flags.assign(static_cast<std::size_t>(out.rect.area()), 0);
  // Where the level's size was rounded down, the last windows are none of its pixels.
  const Block all = base.pixels.block();
  const Block windows{all.data, std::min(all.width, out.rect.width() * f),
                      std::min(all.height, out.rect.height() * f), all.stride, kChannels};
  reduce(windows, static_cast<int>(f), Reduction::mean, out.pixels.row(0), out.pixels.stride());
  for (std::int64_t y = 0; y < windows.height; ++y)
    for (std::int64_t x = 0; x < windows.width; ++x)
      if (base.flags[static_cast<std::size_t>(y * all.width + x)] != 0)
        out.flags[static_cast<std::size_t>(y / f * out.rect.width() + x / f)] = 1;
  return out;
}

}  // namespace

struct TileEditor::State {
  std::filesystem::path path;
  std::unique_ptr<ByteSource> source;
  TiffFile file;
  TiffParser parser;
  std::vector<EditLevel> levels;
  mutable TileReader reader;

  explicit State(const std::filesystem::path& slide)
      : path(slide),
        source(open_byte_source(slide)),
        file(read_tiff(*source, slide)),
        parser(*source, slide.string()),
        levels(edit_levels(file, parser)),
        reader(slide) {}

  // Calls visit(tile's number, its rectangle) for every tile that `rect` meets.
  template <class Visit>
  static void for_each_tile(const EditLevel& level, const PixelRect& rect, Visit&& visit) {
    const PixelSize tile = level.image.piece;
    for (std::int64_t y = rect.y0 / tile.height; y * tile.height < rect.y1; ++y)
      for (std::int64_t x = rect.x0 / tile.width; x * tile.width < rect.x1; ++x)
        visit(static_cast<std::uint32_t>(y * level.tiles().width + x),
              PixelRect::at(PixelPoint{x * tile.width, y * tile.height}, tile));
  }

  Raster decode(const EditLevel& level, std::uint32_t tile) const;
  std::vector<std::uint8_t> stored(const EditLevel& level, std::uint32_t tile) const;
  Raster read(const PixelRect& rect) const;
  PixelRect with_windows(const PixelRect& rect) const;
  Change change(const PixelRect& rect, const std::vector<std::uint8_t>& rgb) const;
  std::vector<std::uint8_t> encoded(LevelEncoder& encoder, const EditLevel& level,
                                    std::uint32_t number, const Raster& tile,
                                    const JpegPatcher::Changed& changed) const;
  void check(const EditLevel& level, const PixelRect& rect) const;
  void copy(EditOutput& output) const;
  EditedLevel edit(EditOutput& output, const EditLevel& level, const Change& change) const;
};

Raster TileEditor::State::decode(const EditLevel& level, std::uint32_t tile) const {
  Raster out(level.image.piece.width, level.image.piece.height, kChannels, 0);
  reader.read(level.image.at, tile, out.pixels);
  return out;
}

// A tile's bytes as they lie in the file; decode() has found them whole.
std::vector<std::uint8_t> TileEditor::State::stored(const EditLevel& level,
                                                    std::uint32_t tile) const {
  return parser.bytes(parser.integers(level.offsets, tile, 1).at(0),
                      parser.integers(level.sizes, tile, 1).at(0));
}

Raster TileEditor::State::read(const PixelRect& rect) const {
  Raster out(rect.width(), rect.height(), kChannels, 0);
  for_each_tile(levels[0], rect, [&](std::uint32_t number, const PixelRect& area) {
    const Raster tile = decode(levels[0], number);
    const PixelRect part = intersect(area, rect);
    for (std::int64_t y = part.y0; y < part.y1; ++y)
      std::copy_n(tile.block().row(y - area.y0) + (part.x0 - area.x0) * kChannels,
                  part.width() * kChannels, out.row(y - rect.y0) + (part.x0 - rect.x0) * kChannels);
  });
  return out;
}

// A rectangle of level 0 with the pixels that any level's windows take in.
PixelRect TileEditor::State::with_windows(const PixelRect& rect) const {
  std::int64_t factor = 1;
  for (const EditLevel& level : levels) factor = std::lcm(factor, level.factor);
  return whole_windows(rect, factor, levels[0].image.size);
}

// The change of level 0, with its windows.
Change TileEditor::State::change(const PixelRect& rect,
                                 const std::vector<std::uint8_t>& rgb) const {
  Change out;
  out.rect = with_windows(rect);
  out.pixels = read(out.rect);
  out.flags.assign(static_cast<std::size_t>(out.rect.area()), 0);
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    for (std::int64_t x = rect.x0; x < rect.x1; ++x) {
      const std::uint8_t* from =
          rgb.data() + ((y - rect.y0) * rect.width() + x - rect.x0) * kChannels;
      std::uint8_t* to = out.pixels.row(y - out.rect.y0) + (x - out.rect.x0) * kChannels;
      if (std::equal(from, from + kChannels, to)) continue;
      std::copy_n(from, kChannels, to);
      out.flags[static_cast<std::size_t>((y - out.rect.y0) * out.rect.width() + x - out.rect.x0)] =
          1;
    }
  }
  return out;
}

void TileEditor::State::copy(EditOutput& output) const {
  std::vector<std::uint8_t> buffer;
  for (std::uint64_t at = 0; at < source->size(); at += buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(kCopyBytes, source->size() - at));
    source->read(at, buffer);
    output.append(buffer);
  }
}

std::vector<std::uint8_t> TileEditor::State::encoded(LevelEncoder& encoder, const EditLevel& level,
                                                     std::uint32_t number, const Raster& tile,
                                                     const JpegPatcher::Changed& changed) const {
  return with_context(fmt::format("{}: tile {} of {}x{} px", path.string(), number,
                                  level.image.size.width, level.image.size.height),
                      [&] { return encoder.encode(tile, stored(level, number), changed); });
}

void TileEditor::State::check(const EditLevel& level, const PixelRect& rect) const {
  LevelEncoder encoder(level);
  const std::int64_t f = level.factor;
  const PixelRect part =
      intersect({rect.x0 / f, rect.y0 / f, divide_up(rect.x1, f), divide_up(rect.y1, f)},
                PixelRect::of(level.image.size));
  for_each_tile(level, part, [&](std::uint32_t number, const PixelRect&) {
    encoded(encoder, level, number, decode(level, number), [](const PixelRect&) { return true; });
  });
}

EditedLevel TileEditor::State::edit(EditOutput& output, const EditLevel& level,
                                    const Change& change) const {
  EditedLevel done{level.image.size, level.tiles().area(), 0};
  LevelEncoder encoder(level);
  for_each_tile(level, change.rect, [&](std::uint32_t number, const PixelRect& area) {
    if (!change.touches(area)) return;
    Raster tile = decode(level, number);
    change.paste(area.corner(), tile);
    const auto changed = [&](const PixelRect& part) {
      return change.touches(
          {area.x0 + part.x0, area.y0 + part.y0, area.x0 + part.x1, area.y0 + part.y1});
    };
    const auto bytes = encoded(encoder, level, number, tile, changed);
    // Tiles begin at even bytes, as TIFF wants its values to.
    output.append({}, 2);
    output.set(level.offsets, number, output.append(bytes));
    output.set(level.sizes, number, bytes.size());
    ++done.replaced;
  });
  return done;
}

TileEditor::TileEditor(const std::filesystem::path& slide)
    : state_(std::make_unique<State>(slide)) {}
TileEditor::~TileEditor() = default;

PixelSize TileEditor::size() const { return state_->levels[0].image.size; }

std::vector<std::uint8_t> TileEditor::read(const PixelRect& rect) const {
  check_internal(PixelRect::of(size()).contains(rect), "pixels are read outside of the slide");
  return state_->read(rect).pixels;
}

void TileEditor::check(const PixelRect& rect) const {
  check_internal(PixelRect::of(size()).contains(rect), "pixels are checked outside of the slide");
  for (const EditLevel& level : state_->levels) state_->check(level, state_->with_windows(rect));
}

EditSummary TileEditor::write(const std::filesystem::path& out, const PixelRect& rect,
                              const std::vector<std::uint8_t>& rgb, const EditMark& mark) const {
  return write(open_file_sink(out), rect, rgb, mark);
}

EditSummary TileEditor::write(std::unique_ptr<Sink> sink, const PixelRect& rect,
                              const std::vector<std::uint8_t>& rgb, const EditMark& mark) const {
  check_internal(PixelRect::of(size()).contains(rect) && !rect.empty() &&
                     rgb.size() == static_cast<std::size_t>(rect.area() * kChannels),
                 "the new pixels don't fit the slide");
  const State& s = *state_;
  EditOutput output(*sink, s.path.string(), s.file.big, s.file.little_endian);
  EditSummary summary;
  try {
    sink->cut(0);
    const Change change = s.change(rect, rgb);
    s.copy(output);
    for (const EditLevel& level : s.levels)
      summary.levels.push_back(s.edit(output, level, reduced(change, level)));
    mark_edited(output, s.file.chain[0], mark);
    sink->commit();
  } catch (const DiskFull& error) {
    sink->discard();
    throw DiskFull(fmt::format("{}; about {} are needed", error.what(),
                               format_byte_size(s.source->size() + rgb.size())));
  } catch (...) {
    sink->discard();
    throw;
  }
  summary.bytes = output.end();
  return summary;
}

}  // namespace histoloom::pyramid
