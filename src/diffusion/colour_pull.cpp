#include "colour_pull.h"

#include <array>

namespace histoloom {

namespace {

constexpr std::size_t kRgb = 3;
using ColourMatrix = std::array<std::array<double, kRgb>, kRgb>;

// The inverse of a symmetric matrix, by cofactors.
ColourMatrix inverse(const ColourMatrix& m) {
  ColourMatrix out;
  for (std::size_t i = 0; i < kRgb; ++i)
    for (std::size_t j = 0; j < kRgb; ++j) {
      const std::size_t a = (i + 1) % kRgb, b = (i + 2) % kRgb, c = (j + 1) % kRgb,
                        d = (j + 2) % kRgb;
      out[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
    }
  double determinant = 0;
  for (std::size_t j = 0; j < kRgb; ++j) determinant += m[0][j] * out[0][j];
  for (auto& row : out)
    for (double& value : row) value /= determinant;
  return out;
}

// A·Aᵀ, and a little more on the diagonal: colours that depend on each other keep an inverse.
ColourMatrix square_of(const std::vector<float>& colours, std::size_t channels) {
  constexpr double kLittle = 1e-6;
  ColourMatrix out{};
  double trace = 0;
  for (std::size_t i = 0; i < kRgb; ++i) {
    for (std::size_t j = 0; j < kRgb; ++j)
      for (std::size_t c = 0; c < channels; ++c)
        out[i][j] +=
            double{colours[i * (channels + 1) + c]} * double{colours[j * (channels + 1) + c]};
    trace += out[i][i];
  }
  for (std::size_t i = 0; i < kRgb; ++i) out[i][i] += kLittle * (trace > 0 ? trace : 1);
  return out;
}

}  // namespace

ColourPull::ColourPull(const DiffusionModel& model, double strength)
    : channels_(static_cast<std::size_t>(model.channels)), colours_(model.colours) {
  if (strength == 0 || colours_.empty()) return;
  const ColourMatrix scale = inverse(square_of(colours_, channels_));
  way_.resize(channels_ * kRgb);
  for (std::size_t c = 0; c < channels_; ++c)
    for (std::size_t i = 0; i < kRgb; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < kRgb; ++j)
        sum += scale[j][i] * double{colours_[j * (channels_ + 1) + c]};
      way_[c * kRgb + i] = static_cast<float>(strength * sum);
    }
}

void ColourPull::apply(const std::vector<float>& colours, std::vector<float>& x0) const {
  const std::size_t cells = x0.size() / channels_;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    std::array<float, kRgb> missing{};
    for (std::size_t i = 0; i < kRgb; ++i) {
      const float* of = colours_.data() + i * (channels_ + 1);
      float shown = of[channels_];
      for (std::size_t c = 0; c < channels_; ++c) shown += of[c] * x0[c * cells + cell];
      missing[i] = colours[i * cells + cell] - shown;
    }
    for (std::size_t c = 0; c < channels_; ++c)
      for (std::size_t i = 0; i < kRgb; ++i)
        x0[c * cells + cell] += way_[c * kRgb + i] * missing[i];
  }
}

}  // namespace histoloom
