#include "cell_colours.h"

namespace histoloom {

namespace {

// x of least squares: squares·x = products.
at::Tensor solved(const at::Tensor& squares, const at::Tensor& products) {
  // What says nothing gets the factor 0.
  constexpr double kRidge = 1e-6;
  const at::Tensor ridge =
      at::eye(squares.size(0), at::kDouble) * (kRidge * squares.diagonal().mean() + 1e-12);
  return at::linalg_solve(squares + ridge, products);
}

}  // namespace

ColourFit::ColourFit(std::int64_t channels)
    : channels_(channels), moments_(at::zeros({channels + 4, channels + 4}, at::kDouble)) {}

void ColourFit::add(const at::Tensor& latents, const at::Tensor& colours) {
  const at::Tensor z = latents.to(at::kDouble).flatten(1);
  const at::Tensor all =
      at::cat({z, at::ones({1, z.size(1)}, at::kDouble), colours.to(at::kDouble).flatten(1)});
  moments_ += all.mm(all.t());
}

at::Tensor ColourFit::solve() const {
  const std::int64_t c = channels_;
  const at::Tensor known = moments_.narrow(0, 0, c + 1);
  const at::Tensor factors = solved(known.narrow(1, 0, c + 1), known.narrow(1, c + 1, 3));
  // Latents by colours and 1.
  const at::Tensor shown = moments_.narrow(0, c, 4);
  const at::Tensor changes = solved(shown.narrow(1, c, 4), shown.narrow(1, 0, c));
  return at::cat({factors.t(), changes.narrow(0, 1, 3)}, 1).contiguous();
}

std::vector<float> values_of(const at::Tensor& t) {
  const at::Tensor values = t.to(at::kFloat).contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

}  // namespace histoloom
