#include "stain.h"

#include <cmath>

namespace histoloom {

namespace {

constexpr double kScaleRange = 0.2;
constexpr double kShiftRange = 0.05;

at::Tensor unit(const std::array<double, 3>& v) {
  const at::Tensor t = at::tensor({v[0], v[1], v[2]}, at::kDouble);
  return t / t.norm();
}

}  // namespace

StainChange draw_stain_change(double strength) {
  const at::Tensor draws = (at::rand({4}, at::kDouble) * 2 - 1) * strength;
  const double* d = draws.data_ptr<double>();
  return {{1 + kScaleRange * d[0], 1 + kScaleRange * d[1]},
          {kShiftRange * d[2], kShiftRange * d[3]}};
}

at::Tensor change_stain(const at::Tensor& picture, const StainChange& change) {
  // density' = density + S·((scale − 1)·P·density + shift), S the stains' vectors as columns and P
  // what reads their densities off: S's pseudoinverse, which sees nothing of the rest.
  const at::Tensor stains = at::stack({unit(kHaematoxylin), unit(kEosin)}, 1);
  const at::Tensor readers = at::pinverse(stains);
  const at::Tensor gain = at::tensor({change.scale[0] - 1, change.scale[1] - 1}, at::kDouble);
  const at::Tensor shift = at::tensor({change.shift[0], change.shift[1]}, at::kDouble);
  const at::Tensor matrix = at::eye(3, at::kDouble) + stains.matmul(gain.unsqueeze(1) * readers);
  const at::Tensor offset = stains.matmul(shift);

  const at::Tensor density = -((picture.flatten(1) * 255 + 1) / 256).log();
  const at::Tensor changed =
      at::addmm(offset.to(at::kFloat).unsqueeze(1), matrix.to(at::kFloat), density);
  return (((-changed).exp() * 256 - 1) / 255).clamp(0, 1).view_as(picture);
}

}  // namespace histoloom
