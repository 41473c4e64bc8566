#include "histoloom/decode/glass.h"

#include <cmath>

#include "histoloom/core/noise.h"

namespace histoloom {

namespace {

constexpr std::uint64_t kTextureSeed =
    0x676c617373;  // never the job's: all slides share their glass
constexpr float kTint[3] = {244.0f, 243.0f, 245.0f};
constexpr float kAmplitude = 0.8f;  // of 255

}  // namespace

GlassTexture::GlassTexture(int period) : period_(period) {
  const CounterNoise noise(kTextureSeed);
  const auto value = [&](int x, int y) {
    float v = 0;
    noise.normals(NoiseDomain::glass, (x + period) % period, (y + period) % period, 0, 1, 1, &v);
    return v;
  };
  for (int y = 0; y < period; ++y) {
    for (int x = 0; x < period; ++x) {
      // A 3×3 binomial filter, wrapped around: grain as a camera sees it, not single pixels.
      float grain = 0;
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx)
          grain +=
              value(x + dx, y + dy) * static_cast<float>((2 - std::abs(dx)) * (2 - std::abs(dy)));
      // The filter's gain for white noise is 6 of 16.
      for (const float tint : kTint)
        rgb_.push_back(static_cast<std::uint8_t>(std::lround(tint + kAmplitude * grain / 6)));
    }
  }
}

}  // namespace histoloom
