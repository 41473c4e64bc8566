#include "loss_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

namespace histoloom {

namespace {

constexpr Colour kInk{40, 40, 40}, kGrid{225, 225, 225};
constexpr Colour kTraining{31, 119, 180}, kHeldOut{214, 97, 29};
constexpr std::int64_t kLeft = 64, kRight = 16, kTop = 26, kBottom = 44;

// Whole multiples of `step` within the limits, the numbers' rounding aside.
std::vector<double> multiples(double step, double low, double high) {
  std::vector<double> out;
  for (double i = std::ceil(low / step - 1e-9); i <= high / step + 1e-9; ++i)
    out.push_back(i * step + 0.0);  // never -0
  return out;
}

struct Curve {
  const char* name;
  Colour colour;
  std::vector<std::pair<double, double>> points;  // step, loss
};

std::vector<Curve> curves_of(const std::vector<LogRow>& rows) {
  Curve training{"training", kTraining, {}}, held_out{"held out, averaged weights", kHeldOut, {}};
  for (const LogRow& row : rows) {
    const auto step = static_cast<double>(row.step);
    if (row.loss > 0) training.points.emplace_back(step, row.loss);
    if (row.held_out_loss.value_or(0) > 0) held_out.points.emplace_back(step, *row.held_out_loss);
  }
  std::vector<Curve> out;
  for (Curve& curve : {std::ref(training), std::ref(held_out)})
    if (!curve.points.empty()) out.push_back(std::move(curve));
  return out;
}

// Where numbers lie on the drawing.
class Axes {
 public:
  Axes(const PixelRect& frame, const std::vector<Curve>& curves) : frame_(frame) {
    low_ = std::numeric_limits<double>::max();
    for (const Curve& curve : curves)
      for (const auto& [step, loss] : curve.points) {
        last_ = std::max(last_, step);
        low_ = std::min(low_, loss);
        high_ = std::max(high_, loss);
      }
    // Air above and below, and a range where all losses are one.
    low_ /= 1.05;
    high_ *= 1.05;
  }

  std::int64_t x(double step) const {
    return frame_.x0 + std::lround(static_cast<double>(frame_.width() - 1) * step / last_);
  }
  std::int64_t y(double loss) const {
    const double share = std::log(loss / low_) / std::log(high_ / low_);
    return frame_.y1 - 1 - std::lround(static_cast<double>(frame_.height() - 1) * share);
  }

  void draw(Drawing& drawing) const {
    for (const double loss : logarithmic_ticks(low_, high_)) {
      drawing.line({frame_.x0, y(loss)}, {frame_.x1 - 1, y(loss)}, 1, kGrid);
      drawing.text(fmt::format("{:.4g}", loss), {frame_.x0 - 8, y(loss) - 5}, kInk,
                   Drawing::Anchor::right);
    }
    for (const double step : linear_ticks(0, last_)) {
      drawing.line({x(step), frame_.y0}, {x(step), frame_.y1 - 1}, 1, kGrid);
      drawing.text(fmt::format("{:.0f}", step), {x(step), frame_.y1 + 6}, kInk,
                   Drawing::Anchor::centre);
    }
    drawing.text("steps", {(frame_.x0 + frame_.x1) / 2, frame_.y1 + 25}, kInk,
                 Drawing::Anchor::centre);
    drawing.line({frame_.x0, frame_.y0}, {frame_.x0, frame_.y1 - 1}, 1, kInk);
    drawing.line({frame_.x0, frame_.y1 - 1}, {frame_.x1 - 1, frame_.y1 - 1}, 1, kInk);
  }

 private:
  PixelRect frame_;
  double last_ = 1, low_ = 0, high_ = 0;
};

void draw_curve(Drawing& drawing, const Axes& axes, const Curve& curve) {
  const auto place = [&](const auto& point) {
    return PixelPoint{axes.x(point.first), axes.y(point.second)};
  };
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    const PixelPoint to = place(curve.points[i]);
    drawing.line(i > 0 ? place(curve.points[i - 1]) : to, to, 2, curve.colour);
    if (curve.points.size() <= 40)
      drawing.fill({to.x - 2, to.y - 2, to.x + 3, to.y + 3}, curve.colour);
  }
}

}  // namespace

std::vector<double> linear_ticks(double low, double high) {
  const double rough = (high - low) / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double lead = rough / power;
  return multiples(power * (lead > 5 ? 10 : lead > 2 ? 5 : lead > 1 ? 2 : 1), low, high);
}

std::vector<double> logarithmic_ticks(double low, double high) {
  if (high / low < 5) return linear_ticks(low, high);
  std::vector<double> out;
  for (int k = static_cast<int>(std::floor(std::log10(low))); std::pow(10, k) <= high; ++k)
    for (const double lead : {1.0, 2.0, 5.0})
      if (const double tick = lead * std::pow(10, k); tick >= low && tick <= high)
        out.push_back(tick);
  return out;
}

void draw_losses(Drawing& drawing, const PixelRect& area, const std::vector<LogRow>& rows) {
  const std::vector<Curve> curves = curves_of(rows);
  if (curves.empty()) return;
  const Axes axes({area.x0 + kLeft, area.y0 + kTop, area.x1 - kRight, area.y1 - kBottom}, curves);
  axes.draw(drawing);
  std::int64_t x = area.x0 + kLeft;
  for (const Curve& curve : curves) {
    draw_curve(drawing, axes, curve);
    drawing.fill({x, area.y0 + 9, x + 18, area.y0 + 12}, curve.colour);
    drawing.text(fmt::format("loss, {}", curve.name), {x + 24, area.y0 + 4}, kInk);
    x += 160;
  }
}

}  // namespace histoloom
