// The decoder's memory: the strip, whose size the width alone decides.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "decode/test_decode.h"

namespace {

std::atomic<std::int64_t> live_bytes = 0, peak_bytes = 0;

void* count(void* p) {
  if (p == nullptr) throw std::bad_alloc();
  const std::int64_t now = live_bytes += static_cast<std::int64_t>(malloc_usable_size(p));
  std::int64_t peak = peak_bytes;
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now)) {
  }
  return p;
}

void release(void* p) {
  if (p != nullptr) live_bytes -= static_cast<std::int64_t>(malloc_usable_size(p));
  std::free(p);
}

}  // namespace

// Every vector of the program is counted; tensors are not, they have an allocator of their own.
void* operator new(std::size_t n) { return count(std::malloc(n)); }
void operator delete(void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }

namespace histoloom {
namespace {

// Bytes that decoding takes at its peak beyond what was there before.
std::int64_t peak_of(PixelSize size) {
  DecodeJob job(size);
  FakeAutoencoder autoencoder([](const FakeAutoencoder::Window&, int, int, int) { return 0.5f; });
  // Fill the store's cache first: it has a budget of its own.
  std::vector<float> row(static_cast<std::size_t>(3 * job.latents().size().width));
  for (std::int64_t y = 0; y < job.latents().size().height; ++y)
    job.latents().read({0, y, job.latents().size().width, y + 1}, row.data());
  const std::int64_t before = live_bytes;
  peak_bytes = before;
  job.decode_into(autoencoder, [](const PictureView&) {});
  return peak_bytes - before;
}

TEST(DecoderMemory, IsTheStripAndTheRowsThatAreHandedOut) {
  const std::int64_t width = 4096, slack = 1 << 20;
  const std::int64_t strip = 8 * kFactor * width * 12, rows = 6 * kFactor * width * 3;
  const std::int64_t flat = peak_of({width, 256});
  EXPECT_GE(flat, strip);
  EXPECT_LE(flat, strip + rows + slack);
  // Ten times as tall.
  EXPECT_LE(std::abs(peak_of({width, 2560}) - flat), slack);
}

}  // namespace
}  // namespace histoloom
