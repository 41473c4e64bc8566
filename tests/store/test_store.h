// What the tests of the store share.
#pragma once

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "histoloom/core/noise.h"
#include "histoloom/store/latent_array.h"
#include "support/scratch.h"

namespace histoloom {

// Values that half precision holds exactly and that differ from place to place.
inline std::vector<float> ramp(std::int64_t count, int start = 0) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>((i + static_cast<std::size_t>(start) * 37) % 2039) * 0.25f - 100;
  }
  return values;
}

inline std::vector<float> read_rect(const LatentArray& array, const LatentRect& rect) {
  std::vector<float> values(static_cast<std::size_t>(array.channels() * rect.area()));
  array.read(rect, values.data());
  return values;
}

// The part of `whole`, which holds channels × size values, that lies in `rect`.
inline std::vector<float> cut(const std::vector<float>& whole, int channels, LatentSize size,
                              const LatentRect& rect) {
  std::vector<float> part;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
      const auto row = whole.begin() + (c * size.height + y) * size.width;
      part.insert(part.end(), row + rect.x0, row + rect.x1);
    }
  }
  return part;
}

// The opposite of cut().
inline void paste(const std::vector<float>& part, std::vector<float>& whole, int channels,
                  LatentSize size, const LatentRect& rect) {
  auto from = part.begin();
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
      std::copy_n(from, rect.width(), whole.begin() + (c * size.height + y) * size.width + rect.x0);
      from += rect.width();
    }
  }
}

// The i-th of a series of rectangles inside `size`, none of them empty.
inline LatentRect random_rect(const CounterNoise& noise, std::int64_t i, LatentSize size) {
  const PhiloxCounter w = noise.words(NoiseDomain::plan, i, 0, 0, 0);
  const std::int64_t width = 1 + w[0] % size.width;
  const std::int64_t height = 1 + w[1] % size.height;
  const std::int64_t x = w[2] % (size.width - width + 1);
  const std::int64_t y = w[3] % (size.height - height + 1);
  return LatentRect::at({x, y}, {width, height});
}

// Calls action(i) for i < count on four threads. Plain threads, since the thread sanitizer takes
// the hand-overs inside an uninstrumented TBB for races.
template <class Action>
void on_threads(int count, Action&& action) {
  std::atomic<int> next = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) action(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace histoloom
