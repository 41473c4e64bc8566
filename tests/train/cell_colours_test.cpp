// The colours of a cell by its latents.
#include "cell_colours.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

TEST(CellColours, ALinearFunctionIsFound) {
  at::manual_seed(1);
  const at::Tensor function = at::randn({3, 5}, at::kDouble);
  ColourFit fit(4);
  for (const std::int64_t side : {7, 3, 1}) {
    const at::Tensor z = at::randn({4, side, side + 1}, at::kDouble);
    const at::Tensor colours =
        (function.narrow(1, 0, 4).mm(z.flatten(1)) + function.narrow(1, 4, 1))
            .view({3, side, side + 1});
    fit.add(z.to(at::kFloat), colours);
  }
  EXPECT_TRUE(at::allclose(fit.solve(), function, 1e-3, 1e-3));
}

TEST(CellColours, AChannelThatSaysNothingCountsForNothing) {
  at::manual_seed(1);
  ColourFit fit(2);
  const at::Tensor z = at::cat({at::randn({1, 9, 9}), at::zeros({1, 9, 9})});
  fit.add(z, 2 * z.narrow(0, 0, 1).expand({3, 9, 9}) + 1);
  const at::Tensor expected = at::tensor({2.0, 0.0, 1.0}).to(at::kDouble).expand({3, 3});
  EXPECT_TRUE(at::allclose(fit.solve(), expected, 1e-3, 1e-3)) << fit.solve();
}

}  // namespace
}  // namespace histoloom
