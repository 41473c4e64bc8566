#include "histoloom/core/noise.h"

#include <cmath>
#include <numbers>

namespace histoloom {

namespace {

// One round: two 32×32→64 multiplications, crossed with the key.
PhiloxCounter round(const PhiloxCounter& c, const PhiloxKey& k) {
  const std::uint64_t a = std::uint64_t{0xD2511F53u} * c[0];
  const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * c[2];
  return {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(b),
          static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(a)};
}

float uniform_from(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

// Box-Muller; the first uniform is in (0, 1] so that its logarithm is finite.
void normal_pair(std::uint32_t a, std::uint32_t b, float& first, float& second) {
  const float radius = std::sqrt(-2.0f * std::log(static_cast<float>((a >> 8) + 1) * 0x1p-24f));
  const float angle = 2.0f * std::numbers::pi_v<float> * uniform_from(b);
  first = radius * std::cos(angle);
  second = radius * std::sin(angle);
}

}  // namespace

PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int i = 0; i < 10; ++i) {
    counter = round(counter, key);
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

CounterNoise::CounterNoise(std::uint64_t seed)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}

PhiloxCounter CounterNoise::words(NoiseDomain domain, std::int64_t x, std::int64_t y,
                                  std::uint32_t step, std::uint32_t channel) const {
  return philox4x32({static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), step,
                     static_cast<std::uint32_t>(domain) << 24 | channel},
                    key_);
}

float CounterNoise::uniform(NoiseDomain domain, std::int64_t x, std::int64_t y, std::uint32_t step,
                            std::uint32_t channel) const {
  return uniform_from(words(domain, x, y, step, channel)[0]);
}

void CounterNoise::normals(NoiseDomain domain, std::int64_t x, std::int64_t y, std::uint32_t step,
                           int channels, std::int64_t channel_stride, float* values) const {
  for (int c = 0; c < channels; c += 4) {
    const PhiloxCounter w = words(domain, x, y, step, static_cast<std::uint32_t>(c / 4));
    std::array<float, 4> n;
    normal_pair(w[0], w[1], n[0], n[1]);
    normal_pair(w[2], w[3], n[2], n[3]);
    for (int i = 0; i < 4 && c + i < channels; ++i) values[(c + i) * channel_stride] = n[i];
  }
}

}  // namespace histoloom
