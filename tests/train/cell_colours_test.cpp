// The colours of a cell by its latents.
#include "cell_colours.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

TEST(CellColours, ALinearFunctionIsFound) {
  at::manual_seed(1);
  const at::Tensor function = at::randn({3, 5}, at::kDouble);
  ColourFit fit(4);
  for (const std::int64_t side : {70, 30, 1}) {
    const at::Tensor z = at::randn({4, side, side + 1}, at::kDouble);
    const at::Tensor colours = function.narrow(1, 0, 4).mm(z.flatten(1)) + function.narrow(1, 4, 1);
    fit.add(z.to(at::kFloat), colours.view({3, side, side + 1}));
  }
  const at::Tensor found = fit.solve(), factors = found.narrow(1, 0, 4);
  EXPECT_TRUE(at::allclose(found.narrow(1, 0, 5), function, 1e-3, 1e-3)) << found;
  // The colours say all of what they change.
  const at::Tensor way = found.narrow(1, 5, 4).t();
  EXPECT_TRUE(at::allclose(factors.mm(way), at::eye(3, at::kDouble), 1e-2, 1e-2)) << way;
}

TEST(CellColours, LatentsChangeAsTheyDoTogether) {
  at::manual_seed(1);
  ColourFit fit(2);
  // The second channel goes with the first, which alone has a colour.
  const at::Tensor z = at::randn({1, 90, 90});
  fit.add(at::cat({z, -2 * z + 0.01 * at::randn({1, 90, 90})}), (0.5 * z).expand({3, 90, 90}));
  const at::Tensor way = fit.solve().narrow(1, 3, 2).sum(0);
  EXPECT_NEAR(way[0].item<double>(), 2, 0.02);
  EXPECT_NEAR(way[1].item<double>(), -4, 0.04);
}

TEST(CellColours, AChannelThatSaysNothingCountsForNothing) {
  at::manual_seed(1);
  ColourFit fit(2);
  const at::Tensor z = at::cat({at::randn({1, 9, 9}), at::zeros({1, 9, 9})});
  fit.add(z, 2 * z.narrow(0, 0, 1).expand({3, 9, 9}) + 1);
  const at::Tensor expected = at::tensor({2.0, 0.0, 1.0}).to(at::kDouble).expand({3, 3});
  EXPECT_TRUE(at::allclose(fit.solve().narrow(1, 0, 3), expected, 1e-3, 1e-3)) << fit.solve();
}

}  // namespace
}  // namespace histoloom
