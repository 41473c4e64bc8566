// The file, in the order in which it is written:
//   1. 16 bytes of zeros, the header's room;
//   2. tiles of all levels as they become ready, strips of the associated images after the last;
//   3. at finish(), the directories, classic or BigTIFF by where they end;
//   4. the header over the zeros; sync; rename.
// Checkpoints (checkpointer.cpp) are taken between rows of tiles in 2; what follows the last one is
// written again by the run that goes on.
#include "histoloom/pyramid/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "checkpointer.h"
#include "downsample.h"
#include "drawing.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/pyramid/feature.h"
#include "level_chain.h"
#include "profile.h"

namespace histoloom::pyramid {
namespace {

constexpr int kStripRows = 16;
constexpr std::uint64_t kHeaderRoom = 16;

// White directories that an OME-TIFF has between its pictures are as high as this, or as the slide.
constexpr std::int64_t kSliver = 64;

// Strips of the three drawn pictures (the thumbnail has at most 64), of those handed in and of the
// padding.
std::uint64_t associated_strips(const WriterOptions& options) {
  std::uint64_t strips =
      128 + padding_of(options, 3 + options.associated.size()) * (kSliver / kStripRows);
  for (const AssociatedImage& image : options.associated) {
    strips += static_cast<std::uint64_t>(divide_up(image.size.height, kStripRows));
  }
  return strips;
}

Raster raster_of(const AssociatedImage& image) {
  Raster out;
  out.width = image.size.width;
  out.height = image.size.height;
  out.pixels = image.pixels;
  return out;
}

// The largest width up to `wanted` that is none of `widths`, else the next above.
std::int64_t width_apart_from(const std::set<std::int64_t>& widths, std::int64_t wanted) {
  std::int64_t width = wanted;
  while (width > 0 && widths.contains(width)) --width;
  if (width > 0) return width;
  while (widths.contains(wanted)) ++wanted;
  return wanted;
}

WriterOptions checked(const WriterOptions& options) {
  validate(options);
  return options;
}

}  // namespace

class PyramidWriter::Impl {
 public:
  ~Impl() { close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(std::unique_ptr<Sink> sink, const std::filesystem::path& path, const WriterOptions& options,
       const CheckpointOptions* checkpoints)
      : options_(checked(options)),
        path_(path),
        sink_(sink ? std::move(sink) : open_file_sink(path)),
        store_(*sink_, tile_count(options) + associated_strips(options)),
        chain_(options, store_) {
    if (checkpoints != nullptr) checkpointer_.emplace(*checkpoints, options_);
    guarded([this] { start(); });
  }

  void write_rows(const PictureView& rows) {
    const std::int64_t count = rows.size.height;
    check_internal(!closed_, "rows came after the file was closed");
    check_internal(count >= 0 && rows_ + count <= options_.size.height,
                   "more rows came than the image has");
    check_internal(rows.size.width == options_.size.width && rows.channels == options_.channels,
                   "rows came that are not the image's");
    guarded([&] {
      chain_.push(rows.data, count, rows.stride);
      if (checkpointer_ && checkpointer_->due(chain_)) {
        checkpointer_->write(*sink_, store_, chain_, kHeaderRoom);
      }
    });
    rows_ += count;
  }

  WriteSummary complete() {
    check_internal(!closed_, "the file was closed before");
    check_internal(rows_ == options_.size.height, "rows of the image are missing");
    check_internal(!completed_, "the file was completed before");
    WriteSummary summary;
    guarded([&] {
      chain_.wait();
      summary = write_rest();
    });
    completed_ = true;
    return summary;
  }

  void publish() {
    check_internal(!closed_ && completed_, "an incomplete file can't be published");
    guarded([this] { sink_->commit(); });
    closed_ = true;
    if (checkpointer_) checkpointer_->remove();
  }

  std::int64_t rows() const { return rows_; }
  std::uint64_t bytes() const { return bytes_; }
  const std::string& restart_reason() const {
    static const std::string none;
    return checkpointer_ ? checkpointer_->refusal() : none;
  }

 private:
  // Begins the file, or goes on from its checkpoint; the header's room is empty either way.
  void start() {
    const std::vector<std::uint8_t> room(kHeaderRoom, 0);
    if (checkpointer_ && checkpointer_->restore(*sink_, store_, chain_, kHeaderRoom)) {
      rows_ = chain_.strip_rows();
      sink_->cut(store_.end());
      sink_->write_at(0, room);
    } else {
      sink_->cut(0);
      store_.append_raw(room);
    }
  }

  // Runs `work`; on any error the file is closed and a full disk is told how much is needed.
  template <class Action>
  void guarded(Action&& action) {
    try {
      action();
      bytes_ = store_.end();
    } catch (const DiskFull& error) {
      close();
      throw DiskFull(
          fmt::format("{}; about {} are needed", error.what(), format_byte_size(expected_bytes())));
    } catch (...) {
      close();
      throw;
    }
  }

  // Leaves the partial file only where a checkpoint can use it.
  void close() noexcept {
    if (std::exchange(closed_, true)) return;
    chain_.stop();
    checkpointer_ && checkpointer_->written() ? sink_->suspend() : sink_->discard();
  }

  // The size of the whole file, from what its tiles so far have taken.
  std::uint64_t expected_bytes() const {
    std::size_t stored = 1;
    for (const auto& level : chain_.levels()) stored += level.tiles.size();
    const double part = static_cast<double>(stored) / static_cast<double>(tile_count(options_) + 1);
    return static_cast<std::uint64_t>(static_cast<double>(store_.end()) / part);
  }

  Pieces pieces(const std::vector<BlobId>& ids) const {
    Pieces out;
    out.offsets.reserve(ids.size());
    out.sizes.reserve(ids.size());
    for (const BlobId id : ids) {
      out.offsets.push_back(store_.offset_of(id));
      out.sizes.push_back(store_.size_of(id));
    }
    return out;
  }

  StoredImage store_image(const std::string& name, const Raster& raster, const Encoding& encoding) {
    TileEncoder encoder(encoding);
    std::vector<BlobId> strips;
    for (std::int64_t y = 0; y < raster.height; y += kStripRows) {
      const Block rows = raster.rows(y, std::min<std::int64_t>(kStripRows, raster.height - y));
      strips.push_back(store_.add(encoder.encode(rows, rows.width, rows.height)));
    }
    return {{name, {raster.width, raster.height}},
            encoding,
            encoder.tables(),
            kStripRows,
            pieces(strips)};
  }

  const AssociatedImage* handed_in(const std::string& name) const {
    for (const AssociatedImage& image : options_.associated) {
      if (image.name == name) return &image;
    }
    return nullptr;
  }

  // Of what the main chain holds beside the drawn pictures.
  std::set<std::int64_t> widths_in_use() const {
    std::set<std::int64_t> widths{options_.size.width};
    if (options_.profile == Profile::svs)
      for (const PixelSize level : level_sizes(options_)) widths.insert(level.width);
    for (const AssociatedImage& image : options_.associated)
      if (image.name != "thumbnail") widths.insert(image.size.width);
    return widths;
  }

  // Label, macro and thumbnail, handed in or drawn; then what else was handed in.
  std::vector<StoredImage> store_associated() {
    if (!supports(options_.profile, Feature::associated_images)) return {};
    const Encoding photo{Compression::jpeg, 3, 85, true, false};
    // A second JPEG of a picture that was one already: kept close to it.
    const Encoding kept{Compression::jpeg, 3, 90, false, false};
    // cuCIM opens associated images as JPEG or LZW only; text must stay sharp.
    const Encoding sharp{Compression::lzw, 3, 0, false, false};
    std::vector<StoredImage> images;
    std::set<std::int64_t> widths = widths_in_use();
    const auto store = [&](const std::string& name, const Encoding& drawn_as, auto&& draw,
                           auto&& narrow) {
      if (!options_.associated_images.holds(name)) return;
      const AssociatedImage* image = handed_in(name);
      if (image == nullptr && !options_.draw_missing && name != "thumbnail") return;
      const Raster raster = image != nullptr ? raster_of(*image) : draw();
      const Encoding& encoding = image == nullptr ? drawn_as : name == "label" ? sharp : kept;
      // What a scanner saw of the glass stays as it is; a thumbnail can be made anew.
      const std::int64_t width = image != nullptr && name != "thumbnail"
                                     ? raster.width
                                     : width_apart_from(widths, raster.width);
      widths.insert(width);
      images.push_back(store_image(name, narrow(raster, width, raster.height), encoding));
    };
    const Raster& preview = chain_.preview();
    const auto label = [&] {
      return draw_label(options_.label_lines, !options_.digital_source_type.empty());
    };
    store("label", sharp, label, crop);
    store(
        "macro", photo, [&] { return draw_macro(label(), preview); }, crop);
    store(
        "thumbnail", photo, [&] { return preview; }, resize);
    for (const AssociatedImage& image : options_.associated) {
      const auto stored = [&](const StoredImage& s) { return s.image.name == image.name; };
      if (std::none_of(images.begin(), images.end(), stored)) {
        images.push_back(store_image(image.name, raster_of(image), kept));
      }
    }
    return images;
  }

  // Slivers, which nobody takes for a level by its shape, each as wide as nothing else.
  std::vector<StoredImage> store_padding(const std::vector<StoredImage>& associated) {
    std::set<std::int64_t> widths = widths_in_use();
    for (const StoredImage& stored : associated) widths.insert(stored.image.size.width);
    std::vector<StoredImage> padding;
    while (padding.size() < padding_of(options_, associated.size())) {
      const std::int64_t width = width_apart_from(widths, 1);
      widths.insert(width);
      const Raster sliver(width, std::min(kSliver, options_.size.height), 3, 255);
      padding.push_back(store_image("", sliver, {Compression::lzw, 3, 0, false, false}));
    }
    return padding;
  }

  // Writes all that follows the tiles, and the header.
  WriteSummary write_rest() {
    WriteSummary summary;
    StoredFile file;
    file.encoding = encoding_for(options_);
    file.jpeg_tables = TileEncoder(file.encoding).tables();
    file.associated = store_associated();
    file.padding = store_padding(file.associated);
    for (const auto& level : chain_.levels()) {
      file.levels.push_back({level.size, pieces(level.tiles)});
      summary.levels.push_back({level.size, downsample_of(options_.size, level.size),
                                static_cast<std::int64_t>(level.tiles.size()), level.bytes});
    }
    const auto chain = directories_for(options_, std::move(file));

    const std::uint64_t rest = store_.end() % 8;
    if (rest != 0) store_.append_raw(std::vector<std::uint8_t>(8 - rest, 0));
    const std::uint64_t at = store_.end();
    summary.big_tiff = is_big(at + serialized_size(chain, false));
    store_.append_raw(serialize(chain, at, summary.big_tiff));
    sink_->write_at(0, header(at, summary.big_tiff));
    summary.bytes = store_.end();
    const Raster& preview = chain_.preview();
    summary.thumbnail = {{preview.width, preview.height}, preview.channels, preview.pixels};
    summary.distinct_tiles = static_cast<std::int64_t>(store_.count());
    return summary;
  }

  bool is_big(std::uint64_t classic_size) const {
    const bool fits = classic_size <= std::numeric_limits<std::uint32_t>::max();
    if (options_.container == Container::classic && !fits) {
      throw UserError(fmt::format("{}: {} don't fit into a classic TIFF (4 GiB); let the container "
                                  "be chosen automatically",
                                  path_.string(), format_byte_size(classic_size)),
                      ErrorCode::too_large);
    }
    return options_.container == Container::big || !fits;
  }

  const WriterOptions options_;
  const std::filesystem::path path_;
  std::unique_ptr<Sink> sink_;
  TileStore store_;
  LevelChain chain_;
  std::optional<Checkpointer> checkpointer_;
  std::int64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
  bool completed_ = false;  // all is in the file but its name
  bool closed_ = false;
};

PyramidWriter::PyramidWriter(const std::filesystem::path& path, const WriterOptions& options,
                             const CheckpointOptions* checkpoints)
    : PyramidWriter(nullptr, path, options, checkpoints) {}

PyramidWriter::PyramidWriter(std::unique_ptr<Sink> sink, const std::filesystem::path& path,
                             const WriterOptions& options, const CheckpointOptions* checkpoints)
    : impl_(std::make_unique<Impl>(std::move(sink), path, options, checkpoints)) {}

PyramidWriter::~PyramidWriter() = default;

void PyramidWriter::write_rows(const PictureView& rows) { impl_->write_rows(rows); }

WriteSummary PyramidWriter::complete() { return impl_->complete(); }

void PyramidWriter::publish() { impl_->publish(); }

WriteSummary PyramidWriter::finish() {
  WriteSummary summary = complete();
  publish();
  return summary;
}

const std::string& PyramidWriter::restart_reason() const { return impl_->restart_reason(); }

std::int64_t PyramidWriter::rows_written() const { return impl_->rows(); }

std::uint64_t PyramidWriter::bytes_written() const { return impl_->bytes(); }

}  // namespace histoloom::pyramid
