#include "chunk_cache.h"

#include <tbb/parallel_for.h>

#include <vector>

namespace histoloom {

namespace {

void write_if_dirty(CachedChunk& chunk) {
  const std::unique_lock lock(chunk.mutex);
  if (!chunk.dirty) return;
  chunk.files.write(chunk.index, chunk.bytes.get());
  chunk.dirty = false;
}

}  // namespace

ChunkCache::ChunkCache(std::uint64_t budget) : state_(std::make_shared<State>(budget)) {}
ChunkCache::~ChunkCache() = default;

StoreTraffic ChunkCache::traffic() const {
  return {state_->traffic.bytes_read, state_->traffic.bytes_written};
}

ChunkCache::State::Pin ChunkCache::State::pin(ChunkFiles& files, std::int64_t index) {
  std::unique_lock lock(mutex);
  const Key key{&files, index};
  if (!chunks.contains(key)) make_room(lock, files.shape().chunk_bytes());
  // Another thread may have brought the chunk in while room was made.
  std::unique_ptr<CachedChunk>& slot = chunks[key];
  if (!slot) {
    try {
      slot = std::make_unique<CachedChunk>(files, index);
    } catch (...) {
      chunks.erase(key);
      throw;
    }
    used += files.shape().chunk_bytes();
    ++slot->pins;
  } else {
    pin_locked(*slot);
  }
  return Pin(*this, *slot);
}

void ChunkCache::State::unpin(CachedChunk& chunk) {
  const std::unique_lock lock(mutex);
  unpin_locked(chunk);
}

void ChunkCache::State::pin_locked(CachedChunk& chunk) {
  if (chunk.pins++ == 0) idle.erase(chunk.place);
}

void ChunkCache::State::unpin_locked(CachedChunk& chunk) {
  if (--chunk.pins > 0) return;
  idle.push_front(&chunk);
  chunk.place = idle.begin();
  unpinned.notify_all();
}

void ChunkCache::State::make_room(std::unique_lock<std::mutex>& lock, std::size_t bytes) {
  while (used + bytes > budget && !idle.empty()) {
    // Pinned while it is written, so that others may use it but not drop it.
    CachedChunk& victim = *idle.back();
    pin_locked(victim);
    lock.unlock();
    try {
      write_if_dirty(victim);
    } catch (...) {
      lock.lock();
      unpin_locked(victim);
      throw;
    }
    lock.lock();
    // Somebody else wants it after all, or has written to it since.
    if (victim.pins > 1 || victim.dirty) {
      unpin_locked(victim);
      continue;
    }
    used -= victim.files.shape().chunk_bytes();
    chunks.erase({&victim.files, victim.index});
    unpinned.notify_all();
  }
}

void ChunkCache::State::flush(ChunkFiles& files) {
  std::vector<CachedChunk*> pinned;
  {
    const std::unique_lock lock(mutex);
    for (auto at = chunks.lower_bound({&files, 0}); at != chunks.end() && at->first.first == &files;
         ++at) {
      pinned.push_back(at->second.get());
      pin_locked(*at->second);
    }
  }
  const auto unpin_all = [&] {
    const std::unique_lock lock(mutex);
    for (CachedChunk* chunk : pinned) unpin_locked(*chunk);
  };
  try {
    tbb::parallel_for(std::size_t{0}, pinned.size(),
                      [&](std::size_t i) { write_if_dirty(*pinned[i]); });
  } catch (...) {
    unpin_all();
    throw;
  }
  unpin_all();
}

void ChunkCache::State::forget(ChunkFiles& files) {
  std::unique_lock lock(mutex);
  // A thread that makes room may still be writing one of them.
  for (auto at = chunks.lower_bound({&files, 0}); at != chunks.end() && at->first.first == &files;
       at = chunks.lower_bound({&files, 0})) {
    CachedChunk& chunk = *at->second;
    if (chunk.pins > 0) {
      unpinned.wait(lock);
      continue;
    }
    idle.erase(chunk.place);
    used -= files.shape().chunk_bytes();
    chunks.erase(at);
  }
}

}  // namespace histoloom
