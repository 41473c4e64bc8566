// The mean colour of a cell as a linear function of its latents, fitted by least squares.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace histoloom {

class ColourFit {
 public:
  explicit ColourFit(std::int64_t channels);

  // Cells of one image: latents [C, h, w] and their mean colours [3, h, w].
  void add(const at::Tensor& latents, const at::Tensor& colours);
  // For red, green and blue a factor for each channel and a constant: float64 [3, C + 1].
  at::Tensor solve() const;

 private:
  at::Tensor square_, product_;  // of latents with themselves, [C + 1, C + 1], and with colours
};

// All values of `t`, row by row.
std::vector<float> values_of(const at::Tensor& t);

}  // namespace histoloom
