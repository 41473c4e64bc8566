// Curves of a training's losses over its steps.
#pragma once

#include <vector>

#include "drawing.h"
#include "training_log.h"

namespace histoloom {

// Round numbers from `low` to `high`, both positive, that stand well on a logarithmic axis: 1, 2
// and 5 times powers of ten where the range is wide (a factor of 5 and more), else the multiples of
// a round step.
std::vector<double> logarithmic_ticks(double low, double high);

// The multiples of a round step from `low` to `high`, some five.
std::vector<double> linear_ticks(double low, double high);

// Draws the training loss and, where there is one, the held-out loss of `rows` into `area`: steps
// to the right, losses up and logarithmic, both axes with numbers. Losses that are not above 0 are
// left out.
void draw_losses(Drawing& drawing, const PixelRect& area, const std::vector<LogRow>& rows);

}  // namespace histoloom
