// Chunks in memory, under one budget.
//
// One lock guards the book-keeping and is never held during input or output; each chunk has a
// lock of its own for its bytes. A chunk in use is pinned; only unpinned ones are written out and
// dropped, the least recently used first.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "chunk_files.h"
#include "histoloom/store/latent_array.h"

namespace histoloom {

// One chunk in memory. `bytes`, `loaded` and `dirty` belong to `mutex`; the rest to the cache.
struct CachedChunk {
  CachedChunk(ChunkFiles& owner, std::int64_t chunk)
      : files(owner),
        index(chunk),
        bytes(std::make_unique_for_overwrite<std::byte[]>(owner.shape().chunk_bytes())) {}

  ChunkFiles& files;
  const std::int64_t index;
  std::shared_mutex mutex;
  std::unique_ptr<std::byte[]> bytes;
  bool loaded = false;
  bool dirty = false;

  int pins = 0;
  std::list<CachedChunk*>::iterator place;  // among the idle ones, while not pinned
};

struct ChunkCache::State {
  explicit State(std::uint64_t bytes) : budget(bytes) {}

  // A chunk in use; unpins it at the end.
  class Pin {
   public:
    Pin(State& cache, CachedChunk& chunk) : cache_(cache), chunk_(chunk) {}
    ~Pin() { cache_.unpin(chunk_); }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    CachedChunk& operator*() const { return chunk_; }
    CachedChunk* operator->() const { return &chunk_; }

   private:
    State& cache_;
    CachedChunk& chunk_;
  };

  // Pins a chunk, which may not be loaded yet; writes others out to make room.
  Pin pin(ChunkFiles& files, std::int64_t index);
  // Writes every dirty chunk of an array aside.
  void flush(ChunkFiles& files);
  // Drops every chunk of an array, dirty ones too. Nobody reads or writes that array any more.
  void forget(ChunkFiles& files);

  TrafficCounters traffic;

 private:
  using Key = std::pair<ChunkFiles*, std::int64_t>;

  void unpin(CachedChunk& chunk);
  void pin_locked(CachedChunk& chunk);
  void unpin_locked(CachedChunk& chunk);
  void make_room(std::unique_lock<std::mutex>& lock, std::size_t bytes);

  const std::uint64_t budget;
  std::mutex mutex;
  std::condition_variable unpinned;
  std::uint64_t used = 0;
  std::map<Key, std::unique_ptr<CachedChunk>> chunks;
  std::list<CachedChunk*> idle;  // unpinned, the most recently used first
};

}  // namespace histoloom
