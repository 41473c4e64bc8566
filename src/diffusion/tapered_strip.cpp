#include "tapered_strip.h"

#include <algorithm>

namespace histoloom {

namespace {

std::size_t index_of(const std::vector<std::int64_t>& starts, std::int64_t start) {
  return static_cast<std::size_t>(std::lower_bound(starts.begin(), starts.end(), start) -
                                  starts.begin());
}

}  // namespace

TaperedStrip::TaperedStrip(const DiffusionModel& model, const CanvasLabelField& labels,
                           const LatentRect& area, const KnownCells& known,
                           const CellSolver& solver, const Step& step, const TaperedPlan& plan)
    : model_(model),
      labels_(labels),
      known_(known),
      solver_(solver),
      step_(step),
      canvas_(labels.size()),
      area_(area),
      plan_(plan),
      xs_(plan.across()),
      ys_(plan.down()),
      top_(area.y0),
      sum_(static_cast<std::size_t>(model.channels * model.patch * area.width())) {}

std::int64_t TaperedStrip::first_open_row(std::int64_t index) const {
  const auto row = static_cast<std::size_t>(index) / xs_.starts.size();
  return row < ys_.starts.size() ? ys_.starts[row] : canvas_.height;
}

std::int64_t TaperedStrip::first_needed(std::int64_t crops) const {
  if (crops > plan_.crops()) return crops;
  const std::int64_t open = first_open_row(crops);
  const auto covers = [&](std::int64_t start) { return start + model_.patch > open; };
  const auto row = std::find_if(ys_.starts.begin(), ys_.starts.end(), covers) - ys_.starts.begin();
  return std::min(crops, row * static_cast<std::int64_t>(xs_.starts.size()));
}

std::int64_t TaperedStrip::skip_rows(std::int64_t crops) {
  std::int64_t written = 0;
  for (const std::int64_t end = first_open_row(crops); top_ < end; ++top_)
    for_each_run({area_.x0, top_, area_.x1, top_ + 1},
                 [&](const LatentRect& run) { written += run.width(); });
  return written;
}

std::int64_t TaperedStrip::add(const CropData& data) {
  const LatentPoint corner = data.crop.corner;
  const std::int64_t written = write_rows_above(corner.y);
  const std::int64_t p = model_.patch;
  // The part of the crop that lies in the area.
  const std::int64_t left = std::max<std::int64_t>(0, area_.x0 - corner.x),
                     right = std::min(p, area_.x1 - corner.x);
  const auto& wx = xs_.weights[index_of(xs_.starts, corner.x)];
  const auto& wy = ys_.weights[index_of(ys_.starts, corner.y)];
  for (std::int64_t c = 0; c < model_.channels; ++c) {
    // Rows above the strip were written before this run took the step up.
    for (std::int64_t v = std::max<std::int64_t>(0, top_ - corner.y); v < p; ++v) {
      const float* from = data.x0.data() + (c * p + v) * p;
      float* to = sum_.data() + (c * p + corner.y + v - top_) * area_.width() + corner.x - area_.x0;
      for (std::int64_t u = left; u < right; ++u)
        to[u] += wy[static_cast<std::size_t>(v)] * wx[static_cast<std::size_t>(u)] * from[u];
    }
  }
  return written;
}

std::int64_t TaperedStrip::write_complete_rows() {
  return write_rows_above(first_open_row(plan_.given()));
}

std::int64_t TaperedStrip::finish() { return write_rows_above(area_.y1); }

std::int64_t TaperedStrip::write_rows_above(std::int64_t y) {
  std::int64_t written = 0;
  const std::int64_t p = model_.patch;
  while (top_ < y) {
    // Crops of known cells are left out, so the next may lie more than a strip below.
    const std::int64_t rows = std::min(y - top_, p);
    // Chunk by chunk: whole rows would bring every chunk of four arrays in for each row.
    const std::int64_t across = step_.target->chunk_side();
    for (std::int64_t x = area_.x0; x < area_.x1; x += across)
      written += write_block({x, top_, std::min(x + across, area_.x1), top_ + rows});
    const std::int64_t plane = p * area_.width(), shift = rows * area_.width();
    for (std::int64_t c = 0; c < model_.channels; ++c) {
      const auto first = sum_.begin() + c * plane;
      std::fill(std::copy(first + shift, first + plane, first), first + plane, 0.0f);
    }
    top_ += rows;
    // The strip was shifted, so the rows to come start at its top again.
  }
  return written;
}

template <class Visit>
void TaperedStrip::for_each_run(const LatentRect& rect, Visit&& visit) const {
  std::vector<LabelId> ids(static_cast<std::size_t>(rect.width() * rect.height()));
  labels_.read(rect, ids.data());
  const std::vector<std::uint8_t> known = known_.flags(rect, ids.data());
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    const auto row = known.begin() + (y - rect.y0) * rect.width(), past = row + rect.width();
    for (auto begin = std::find(row, past, 0); begin != past;) {
      const auto end = std::find(begin, past, 1);
      visit(LatentRect{rect.x0 + (begin - row), y, rect.x0 + (end - row), y + 1});
      begin = std::find(end, past, 0);
    }
  }
}

std::int64_t TaperedStrip::write_block(const LatentRect& rect) const {
  const std::int64_t plane = model_.patch * area_.width();
  std::int64_t written = 0;
  for_each_run(rect, [&](const LatentRect& run) {
    std::vector<float> clean;
    for (std::int64_t c = 0; c < model_.channels; ++c) {
      const auto first = sum_.begin() + c * plane + (run.y0 - top_) * area_.width() - area_.x0;
      clean.insert(clean.end(), first + run.x0, first + run.x1);
    }
    solver_.write_run(run, std::move(clean), step_);
    written += run.width();
  });
  return written;
}

}  // namespace histoloom
