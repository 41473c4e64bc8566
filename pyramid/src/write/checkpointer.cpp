// The protocol:
//   1. the file's data are synced;
//   2. the checkpoint is replaced: written aside, synced, renamed;
//   3. on resume the file is cut to what the checkpoint lists, after every piece has been read and
//      compared with its hash;
//   4. the checkpoint is removed when the file has its name, or before another one is started.
// A kill between two of these leaves a checkpoint whose pieces are all on disk, or none; within 4
// one whose partial file is gone, since it has its name: who writes that file again starts anew.
#include "checkpointer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "hash.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sync.h"
#include "plan.h"

namespace histoloom::pyramid {
namespace {

constexpr const char* kFormat = "histoloom checkpoint 2";

std::uint64_t hash_of_pixels(const std::vector<AssociatedImage>& images) {
  std::uint64_t hash = 0;
  for (const AssociatedImage& image : images) hash = hash * 31 + hash_of(image.pixels);
  return hash;
}

// A text that no neighbour can run into.
std::string quoted(const std::string& text) { return fmt::format("{}:{}", text.size(), text); }

std::string quoted_all(const WriterOptions& o) {
  std::string out;
  for (const std::string* text :
       {&o.software, &o.title, &o.description, &o.date, &o.digital_source_type})
    out += quoted(*text);
  for (const std::string& line : o.label_lines) out += "label" + quoted(line);
  for (const AssociatedImage& image : o.associated)
    out += fmt::format("image{}{}x{}", quoted(image.name), image.size.width, image.size.height);
  for (const LabelClass& c : o.classes)
    out += fmt::format("class{}{}{:02x}{:02x}{:02x}", c.id, quoted(c.name), c.colour[0],
                       c.colour[1], c.colour[2]);
  return out;
}

int choice_code(const WriterOptions& o) {
  const AssociatedChoice& choice = o.associated_images;
  return choice.label + 2 * choice.macro + 4 * choice.thumbnail + 8 * o.draw_missing;
}

}  // namespace

std::string identity_of(const WriterOptions& o, const std::string& rows) {
  return fmt::format(
      "{} {}x{}x{} {} {} {} {} {} {} {} {} {} {} {} {} {} {:x} {:x} {} {}", kFormat, o.size.width,
      o.size.height, o.channels, name_of(o.profile), name_of(o.compression), o.quality,
      static_cast<int>(o.chroma), o.tile, o.shrink, o.levels, static_cast<int>(o.reduction),
      static_cast<int>(o.container), o.mpp.value_or(0), o.objective_power.value_or(0),
      choice_code(o), o.palette, hash_of_pixels(o.associated), hash_of(o.icc_profile),
      quoted_all(o), quoted(rows));
}

std::uint64_t checkpoint_bound(const WriterOptions& options) {
  const std::vector<PixelSize> sizes = chain_sizes(options);
  const auto preview = std::find_if(sizes.begin(), sizes.end(), fits_preview);
  std::int64_t pixels = preview->area();
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    pixels += sizes[i].width * std::min<std::int64_t>(sizes[i].height, options.tile);
  }
  // 24 bytes a level, and some for counts and checksum.
  return static_cast<std::uint64_t>(pixels * options.channels) + 12 * tile_count(options) +
         24 * sizes.size() + 64;
}

Checkpointer::Checkpointer(const CheckpointOptions& checkpoints, const WriterOptions& options)
    : options_(checkpoints),
      identity_(identity_of(options, checkpoints.rows)),
      height_(options.size.height) {}

std::optional<CheckpointIn> Checkpointer::open_fitting() {
  if (!file_exists(options_.path)) return std::nullopt;
  std::optional<CheckpointIn> in = CheckpointIn::open(options_.path);
  if (!in) {
    refusal_ = "the checkpoint is damaged";
  } else if (in->get_text() != identity_) {
    refusal_ = "the checkpoint is of a slide with other options";
    in.reset();
  }
  return in;
}

bool Checkpointer::restore(Sink& sink, TileStore& store, LevelChain& chain, std::uint64_t first) {
  if (std::optional<CheckpointIn> in = open_fitting()) {
    if (store.restore(*in, first, sink.found())) {
      chain.restore(*in);
      rows_ = chain.strip_rows();
      written_ = true;
      return true;
    }
    refusal_ = sink.found() == 0 ? "the checkpoint's partial file is gone"
                                 : "the partial file is not the one that the checkpoint is of";
  }
  remove();
  return false;
}

bool Checkpointer::due(const LevelChain& chain) const {
  const std::int64_t rows = chain.strip_rows();
  return rows > rows_ && (rows == height_ || Clock::now() >= next_);
}

void Checkpointer::write(Sink& sink, const TileStore& store, LevelChain& chain,
                         std::uint64_t first) {
  const auto begin = Clock::now();
  chain.wait();
  sink.sync();
  CheckpointOut out(options_.path);
  out.put_text(identity_);
  store.save(out, first);
  chain.save(out);
  out.commit();
  written_ = true;
  rows_ = chain.strip_rows();
  const auto end = Clock::now();
  const std::chrono::duration<double> cost = end - begin;
  const double pause = std::min(options_.longest, cost.count() * (1 / options_.share - 1));
  next_ = end + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(pause));
  options_.written();
}

void Checkpointer::remove() noexcept {
  written_ = false;
  ::unlink(options_.path.c_str());
  sync_parent_directory(options_.path);
}

}  // namespace histoloom::pyramid
