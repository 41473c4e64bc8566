// The mean colour of a cell by its latents, and how latents change with it: two linear functions,
// fitted by least squares.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace histoloom {

class ColourFit {
 public:
  explicit ColourFit(std::int64_t channels);

  // Cells of one image: latents [C, h, w] and their mean colours [3, h, w].
  void add(const at::Tensor& latents, const at::Tensor& colours);
  // As DiffusionModel::colours: float64 [3, 2·C + 1].
  at::Tensor solve() const;

 private:
  std::int64_t channels_;
  at::Tensor moments_;  // of latents, 1 and colours, [C + 4, C + 4]
};

// All values of `t`, row by row.
std::vector<float> values_of(const at::Tensor& t);

}  // namespace histoloom
