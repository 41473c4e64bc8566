#include "histoloom/store/latent_array.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <shared_mutex>
#include <system_error>

#include "chunk_cache.h"
#include "float16.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

// Makes a chunk's cells all NaN.
void fill_with_nan(const ArrayShape& shape, std::byte* bytes) {
  const std::size_t cells = shape.chunk_bytes() / shape.cell_bytes();
  for (std::size_t i = 0; i < cells; ++i) {
    if (shape.type == StoreType::float16) {
      std::memcpy(bytes + 2 * i, &kHalfNaN, 2);
    } else {
      const float nan = std::numeric_limits<float>::quiet_NaN();
      std::memcpy(bytes + 4 * i, &nan, 4);
    }
  }
}

void decode_row(StoreType type, const std::byte* from, float* to, std::int64_t count) {
  if (type == StoreType::float32) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * 4);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, from + 2 * i, 2);
    to[i] = float_from_half(half);
  }
}

void encode_row(StoreType type, const float* from, std::byte* to, std::int64_t count) {
  if (type == StoreType::float32) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * 4);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint16_t half = half_from_float(from[i]);
    std::memcpy(to + 2 * i, &half, 2);
  }
}

// Where a chunk and a rectangle of the array meet.
struct Overlap {
  LatentRect chunk;   // the chunk's cells, reaching past the array at its edges
  LatentRect shared;  // the cells of the rectangle in it
};

// Calls visit(offset in the chunk in bytes, offset in the rectangle's buffer in floats, count) for
// each row of each channel that chunk and rectangle share.
template <class Visit>
void for_each_row(const ArrayShape& shape, const LatentRect& rect, const Overlap& at,
                  Visit&& visit) {
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    for (std::int64_t y = at.shared.y0; y < at.shared.y1; ++y) {
      const std::int64_t in_chunk =
          (c * shape.side + y - at.chunk.y0) * shape.side + at.shared.x0 - at.chunk.x0;
      const std::int64_t in_rect =
          (c * rect.height() + y - rect.y0) * rect.width() + at.shared.x0 - rect.x0;
      visit(static_cast<std::size_t>(in_chunk) * shape.cell_bytes(), in_rect, at.shared.width());
    }
  }
}

// Calls visit(chunk's index, overlap) for each chunk that the rectangle touches.
template <class Visit>
void for_each_chunk(const ArrayShape& shape, const LatentRect& rect, Visit&& visit) {
  check_internal(LatentRect::of(shape.size).contains(rect),
                 "a latent array is used outside of its cells");
  if (rect.empty()) return;
  for (std::int64_t row = rect.y0 / shape.side; row * shape.side < rect.y1; ++row) {
    for (std::int64_t column = rect.x0 / shape.side; column * shape.side < rect.x1; ++column) {
      const LatentRect chunk =
          LatentRect::at({column * shape.side, row * shape.side}, {shape.side, shape.side});
      visit(row * shape.columns() + column, Overlap{chunk, intersect(chunk, rect)});
    }
  }
}

// Brings a chunk's bytes into memory; its lock is held.
void load(CachedChunk& chunk) {
  if (chunk.loaded) return;
  if (!chunk.files.read(chunk.index, chunk.bytes.get())) {
    fill_with_nan(chunk.files.shape(), chunk.bytes.get());
  }
  chunk.loaded = true;
}

}  // namespace

struct LatentArray::State {
  State(const std::filesystem::path& path, const ArrayShape& shape,
        std::shared_ptr<ChunkCache::State> shared, std::string owner)
      : cache(std::move(shared)), files(path, shape, cache->traffic, std::move(owner)) {}
  ~State() {
    cache->forget(files);
    files.discard();
  }

  std::shared_ptr<ChunkCache::State> cache;
  ChunkFiles files;
};

LatentArray::LatentArray(std::unique_ptr<State> state) : state_(std::move(state)) {}
LatentArray::LatentArray(LatentArray&&) noexcept = default;
LatentArray& LatentArray::operator=(LatentArray&&) noexcept = default;
LatentArray::~LatentArray() = default;

LatentArray LatentArray::create(const std::filesystem::path& path, int channels, LatentSize size,
                                StoreType type, ChunkCache& cache, std::string owner) {
  const ArrayShape shape = choose_shape(channels, size, type);
  std::error_code code;
  const bool made = std::filesystem::create_directory(path, code);
  if (code) {
    throw UserError(fmt::format("{}: can't be made: {}; check the path and its permissions",
                                path.string(), code.message()));
  }
  if (!made) {
    throw UserError(
        fmt::format("{}: exists already; remove it or use another work directory", path.string()));
  }
  try {
    auto state = std::make_unique<State>(path, shape, cache.state_, std::move(owner));
    write_zarr_header(path, shape);
    state->files.start();
    return LatentArray(std::move(state));
  } catch (...) {
    std::filesystem::remove_all(path, code);
    throw;
  }
}

LatentArray LatentArray::open(const std::filesystem::path& path, ChunkCache& cache,
                              std::string owner) {
  auto state =
      std::make_unique<State>(path, read_zarr_header(path), cache.state_, std::move(owner));
  state->files.load();
  return LatentArray(std::move(state));
}

int LatentArray::channels() const { return state_->files.shape().channels; }
LatentSize LatentArray::size() const { return state_->files.shape().size; }
std::int64_t LatentArray::chunk_side() const { return state_->files.shape().side; }
StoreType LatentArray::type() const { return state_->files.shape().type; }

void LatentArray::read(const LatentRect& rect, float* out) const {
  const ArrayShape& shape = state_->files.shape();
  for_each_chunk(shape, rect, [&](std::int64_t index, const Overlap& at) {
    const auto chunk = state_->cache->pin(state_->files, index);
    std::shared_lock reading(chunk->mutex);
    if (!chunk->loaded) {
      reading.unlock();
      {
        const std::unique_lock writing(chunk->mutex);
        load(*chunk);
      }
      // Pinned and loaded, it stays so.
      reading.lock();
    }
    for_each_row(shape, rect, at, [&](std::size_t from, std::int64_t to, std::int64_t count) {
      decode_row(shape.type, chunk->bytes.get() + from, out + to, count);
    });
  });
}

void LatentArray::write(const LatentRect& rect, const float* in) {
  const ArrayShape& shape = state_->files.shape();
  for_each_chunk(shape, rect, [&](std::int64_t index, const Overlap& at) {
    const auto chunk = state_->cache->pin(state_->files, index);
    const std::unique_lock writing(chunk->mutex);
    // What is overwritten altogether need not be read.
    if (!chunk->loaded && at.shared == intersect(at.chunk, LatentRect::of(shape.size))) {
      fill_with_nan(shape, chunk->bytes.get());
      chunk->loaded = true;
    }
    load(*chunk);
    for_each_row(shape, rect, at, [&](std::size_t to, std::int64_t from, std::int64_t count) {
      encode_row(shape.type, in + from, chunk->bytes.get() + to, count);
    });
    chunk->dirty = true;
  });
}

void LatentArray::commit() {
  state_->cache->flush(state_->files);
  state_->files.commit();
}

}  // namespace histoloom
