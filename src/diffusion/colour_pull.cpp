#include "colour_pull.h"

#include <array>

namespace histoloom {

namespace {

constexpr std::size_t kRgb = 3;

}  // namespace

ColourPull::ColourPull(const DiffusionModel& model, double strength)
    : channels_(static_cast<std::size_t>(model.channels)),
      colours_(model.colours),
      strength_(colours_.empty() ? 0.0f : static_cast<float>(strength)) {}

void ColourPull::apply(const std::vector<float>& colours, std::vector<float>& x0) const {
  const std::size_t cells = x0.size() / channels_;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    std::array<float, kRgb> missing{};
    for (std::size_t i = 0; i < kRgb; ++i) {
      const float* of = colours_.data() + i * (2 * channels_ + 1);
      float shown = of[channels_];
      for (std::size_t c = 0; c < channels_; ++c) shown += of[c] * x0[c * cells + cell];
      missing[i] = strength_ * (colours[i * cells + cell] - shown);
    }
    for (std::size_t i = 0; i < kRgb; ++i) {
      const float* way = colours_.data() + i * (2 * channels_ + 1) + channels_ + 1;
      for (std::size_t c = 0; c < channels_; ++c) x0[c * cells + cell] += way[c] * missing[i];
    }
  }
}

}  // namespace histoloom
