#include "cell_colours.h"

namespace histoloom {

ColourFit::ColourFit(std::int64_t channels)
    : square_(at::zeros({channels + 1, channels + 1}, at::kDouble)),
      product_(at::zeros({channels + 1, 3}, at::kDouble)) {}

void ColourFit::add(const at::Tensor& latents, const at::Tensor& colours) {
  const at::Tensor z = latents.to(at::kDouble).flatten(1);
  const at::Tensor known = at::cat({z, at::ones({1, z.size(1)}, at::kDouble)});
  square_ += known.mm(known.t());
  product_ += known.mm(colours.to(at::kDouble).flatten(1).t());
}

at::Tensor ColourFit::solve() const {
  // A channel that says nothing gets the factor 0.
  constexpr double kRidge = 1e-6;
  const at::Tensor ridge =
      at::eye(square_.size(0), at::kDouble) * (kRidge * square_.diagonal().mean());
  return at::linalg_solve(square_ + ridge, product_).t().contiguous();
}

std::vector<float> values_of(const at::Tensor& t) {
  const at::Tensor values = t.to(at::kFloat).contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

}  // namespace histoloom
