#include "level_chain.h"

#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>

#include <algorithm>
#include <cstring>

#include "histoloom/core/error.h"
#include "plan.h"
#include "reduce.h"

namespace histoloom::pyramid {
namespace {

constexpr std::size_t kFlatColours = 64;
constexpr int kTokensPerThread = 4;

// What was asked for, as far as the process allows it: TBB would print a warning about more.
int usable_threads(int asked) {
  const auto allowed = static_cast<int>(
      tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
  return asked > 0 ? std::min(asked, allowed) : allowed;
}

std::uint32_t colour_of(const Block& block) {
  std::uint32_t key = 0;
  for (int c = 0; c < block.channels; ++c) key = (key << 8) | block.data[c];
  return key;
}

}  // namespace

LevelChain::LevelChain(const WriterOptions& options, TileStore& store)
    : options_(options),
      encoding_(encoding_for(options)),
      store_(store),
      threads_(usable_threads(options.threads)),
      arena_(threads_) {
  plan_levels();
  const auto strip_bytes = [this](PixelSize size) {
    return static_cast<std::size_t>(
        size.width * std::min<std::int64_t>(options_.tile, size.height) * options_.channels);
  };
  for (Level& level : levels_) {
    level.strip.resize(strip_bytes(level.size));
  }
  filling_.resize(strip_bytes(options_.size));
}

LevelChain::~LevelChain() { stop(); }

void LevelChain::stop() noexcept {
  group_.cancel();
  try {
    wait();
  } catch (...) {  // whoever destroys an unfinished chain discards the file
  }
}

void LevelChain::plan_levels() {
  const std::size_t stored = level_sizes(options_).size();
  for (const PixelSize size : chain_sizes(options_)) {
    Level level;
    level.size = size;
    level.stored = levels_.size() < stored;
    level.columns = divide_up(size.width, options_.tile);
    if (level.stored) {
      tiles_.push_back({size, {}, 0});
      tiles_.back().tiles.reserve(
          static_cast<std::size_t>(level.columns * divide_up(size.height, options_.tile)));
    }
    levels_.push_back(std::move(level));
  }
  while (!fits_preview(levels_[preview_level_].size)) ++preview_level_;
  const PixelSize size = levels_[preview_level_].size;
  preview_ = Raster(size.width, size.height, options_.channels, 0);
}

std::size_t LevelChain::row_bytes(const Level& level) const {
  return static_cast<std::size_t>(level.size.width * options_.channels);
}

void LevelChain::save(CheckpointOut& out) const {
  out.put(strip_rows());
  for (const Level& level : levels_) {
    out.put(level.strips_done);
    out.put(level.rows);
    const auto bytes = static_cast<std::size_t>(level.rows) * row_bytes(level);
    out.put_all(std::span(level.strip).first(bytes));
  }
  for (const LevelTiles& level : tiles_) {
    out.put(level.bytes);
    out.put_all(std::span(level.tiles));
  }
  out.put_all(std::span(preview_.pixels));
}

void LevelChain::restore(CheckpointIn& in) {
  pushed_ = in.get<std::int64_t>();
  for (Level& level : levels_) {
    level.strips_done = in.get<std::int64_t>();
    level.rows = in.get<std::int64_t>();
    const auto bytes = static_cast<std::size_t>(level.rows) * row_bytes(level);
    check_internal(bytes <= level.strip.size(), "a checkpoint's strip is too tall");
    in.get_all(std::span(level.strip).first(bytes));
  }
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    tiles_[i].bytes = in.get<std::uint64_t>();
    tiles_[i].tiles.resize(static_cast<std::size_t>(levels_[i].strips_done * levels_[i].columns));
    in.get_all(std::span(tiles_[i].tiles));
  }
  in.get_all(std::span(preview_.pixels));
}

void LevelChain::push(const std::uint8_t* rows, std::int64_t count, std::ptrdiff_t stride) {
  const std::ptrdiff_t bytes = options_.size.width * options_.channels;
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(filling_.data() + filled_ * bytes, rows + i * stride,
                static_cast<std::size_t>(bytes));
    ++filled_;
    ++pushed_;
    if (filled_ == options_.tile || pushed_ == options_.size.height) submit();
  }
}

// Hands the filled strip over, once the one before is done with.
void LevelChain::submit() {
  wait();
  std::swap(filling_, levels_[0].strip);
  const Job job{0, levels_[0].strip.data(), filled_};
  filled_ = 0;
  arena_.execute([&] { group_.run([this, job] { process(job); }); });
}

void LevelChain::wait() {
  arena_.execute([this] { group_.wait(); });
}

// Works a strip off, then each strip further down that it has filled.
void LevelChain::process(Job job) {
  for (;;) {
    process_strip(job);
    ++levels_[job.level].strips_done;
    if (job.level + 1 == levels_.size()) return;
    Level& next = levels_[job.level + 1];
    next.rows += divide_up(job.rows, options_.shrink);
    const bool last = next.strips_done * options_.tile + next.rows == next.size.height;
    if (next.rows < options_.tile && !last) return;
    job = {job.level + 1, next.strip.data(), std::exchange(next.rows, 0)};
  }
}

struct LevelChain::Token {
  std::shared_ptr<const Encoded> tile;  // null where the level isn't stored
};

void LevelChain::process_strip(const Job& job) {
  const Level& level = levels_[job.level];
  std::int64_t next_column = 0;
  const auto take = [&](tbb::flow_control& flow) {
    if (next_column == level.columns) flow.stop();
    return next_column++;
  };
  const auto work = [&](std::int64_t column) {
    const Block block = tile_block(job, column);
    Token token;
    if (level.stored) token.tile = encode(block);
    pass_on(job, column, block);
    return token;
  };
  const auto store = [&](const Token& token) {
    if (!token.tile) return;
    LevelTiles& tiles = tiles_[job.level];
    const std::uint64_t before = store_.end();
    tiles.tiles.push_back(store_.add(*token.tile));
    tiles.bytes += store_.end() - before;
  };
  tbb::parallel_pipeline(
      static_cast<std::size_t>(kTokensPerThread * threads_),
      tbb::make_filter<void, std::int64_t>(tbb::filter_mode::serial_in_order, take) &
          tbb::make_filter<std::int64_t, Token>(tbb::filter_mode::parallel, work) &
          tbb::make_filter<Token, void>(tbb::filter_mode::serial_in_order, store));
}

Block LevelChain::tile_block(const Job& job, std::int64_t column) const {
  const Level& level = levels_[job.level];
  const std::int64_t x = column * options_.tile;
  return {job.data + x * options_.channels,
          std::min<std::int64_t>(options_.tile, level.size.width - x), job.rows,
          static_cast<std::ptrdiff_t>(level.size.width * options_.channels), options_.channels};
}

// Shrinks the tile into the next level's strip and copies it into the preview. Tiles touch disjoint
// pixels there, because the tile size is a multiple of the factor.
void LevelChain::pass_on(const Job& job, std::int64_t column, const Block& block) {
  if (job.level + 1 < levels_.size()) {
    Level& next = levels_[job.level + 1];
    const std::ptrdiff_t stride = next.size.width * options_.channels;
    const std::int64_t x = column * options_.tile / options_.shrink;
    reduce(block, options_.shrink, options_.reduction,
           next.strip.data() + next.rows * stride + x * options_.channels, stride);
  }
  if (job.level == preview_level_) {
    const std::int64_t top = levels_[job.level].strips_done * options_.tile;
    for (std::int64_t y = 0; y < block.height; ++y) {
      std::copy_n(block.row(y), block.width * block.channels,
                  preview_.row(top + y) + column * options_.tile * block.channels);
    }
  }
}

std::shared_ptr<const Encoded> LevelChain::encode(const Block& block) {
  auto& encoder = encoders_.local();
  if (!encoder) encoder = std::make_unique<TileEncoder>(encoding_);
  const auto fresh = [&] {
    return std::make_shared<const Encoded>(encoder->encode(block, options_.tile, options_.tile));
  };
  if (!is_uniform(block)) return fresh();
  const std::uint32_t colour = colour_of(block);
  {
    const std::scoped_lock lock(flat_mutex_);
    const auto found = flat_.find(colour);
    if (found != flat_.end()) return found->second;
  }
  auto tile = fresh();
  const std::scoped_lock lock(flat_mutex_);
  if (flat_.size() < kFlatColours) flat_.emplace(colour, tile);
  return tile;
}

}  // namespace histoloom::pyramid
