// Counter-based noise: a value depends on the seed, its cell, its step and its domain, never on
// what was drawn before. So crops, threads and resumes don't change a result.
//
// The generator is Philox-4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
// 3"). The seed is the key; x, y, step, and the domain with the channel are the counter.
#pragma once

#include <array>
#include <cstdint>

namespace histoloom {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

// Ten rounds of Philox-4x32: four independent words for one counter and key.
PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key);

// What a number is drawn for; parts of a job never share noise.
enum class NoiseDomain : std::uint32_t {
  image_start = 1,  // y_T of the image
  image_step = 2,   // noise that a solver step adds
  image_known = 3,  // the noise of cells that are kept, such as glass
  mask_start = 4,
  mask_step = 5,
  plan = 6,    // offsets and centres of crops
  layout = 7,  // tissue on glass
  glass = 8,   // texture of glass
  training = 9,
  evaluation = 10,  // patches, directions and resamples of measures
  mask_known = 11,
  context = 12,  // noise on a coarser stage's picture
  coarser_mask_start = 13,
  coarser_mask_step = 14,
  coarser_mask_known = 15,
  // Start, step and known cells of coarser stages, three numbers each from here on.
  coarser_stages = 16,
};

// Draws the numbers of one job. Cheap to copy; const calls may come from any thread.
class CounterNoise {
 public:
  explicit CounterNoise(std::uint64_t seed);

  // Four words for a place; `channel` below 2^24.
  PhiloxCounter words(NoiseDomain domain, std::int64_t x, std::int64_t y, std::uint32_t step,
                      std::uint32_t channel) const;

  // A uniform number in [0, 1), 24 bits.
  float uniform(NoiseDomain domain, std::int64_t x, std::int64_t y, std::uint32_t step,
                std::uint32_t channel) const;

  // Fills `values[c * channel_stride]`, c < channels, with independent standard normals for one
  // cell. Four channels come from one Philox call (Box-Muller on its words), so a caller that
  // wants channel c alone still asks for channels 0..c.
  void normals(NoiseDomain domain, std::int64_t x, std::int64_t y, std::uint32_t step, int channels,
               std::int64_t channel_stride, float* values) const;

 private:
  PhiloxKey key_;
};

}  // namespace histoloom
