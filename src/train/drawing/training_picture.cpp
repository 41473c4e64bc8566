#include "training_picture.h"

#include <algorithm>

#include "loss_plot.h"

namespace histoloom {

namespace {

constexpr std::int64_t kMargin = 16, kPlotWidth = 900, kPlotHeight = 360;
constexpr std::int64_t kCaption = 24, kGap = 8;
constexpr std::int64_t kSide = 200;  // samples are enlarged up to about this

std::int64_t enlargement(const SampleRow& row) {
  return std::max<std::int64_t>(1, kSide / row.pictures[0].size.width);
}

PixelSize size_of(const SampleRow& row) {
  const auto count = static_cast<std::int64_t>(row.pictures.size());
  const PixelSize one = row.pictures[0].size;
  const std::int64_t k = enlargement(row);
  return {count * (one.width * k + kGap) - kGap, kCaption + one.height * k + kMargin};
}

void draw(Drawing& drawing, const SampleRow& row, PixelPoint at) {
  drawing.text(row.caption, at, {40, 40, 40});
  const std::int64_t k = enlargement(row);
  for (const Picture& picture : row.pictures) {
    drawing.place(picture, {at.x, at.y + kCaption}, k);
    at.x += picture.size.width * k + kGap;
  }
}

}  // namespace

void write_training_picture(const std::filesystem::path& path, const std::vector<LogRow>& rows,
                            const std::vector<SampleRow>& samples) {
  PixelSize size{kPlotWidth, kPlotHeight};
  for (const SampleRow& row : samples) {
    size.width = std::max(size.width, size_of(row).width);
    size.height += size_of(row).height;
  }
  Drawing drawing({size.width + 2 * kMargin, size.height + 2 * kMargin});
  draw_losses(drawing, {kMargin, kMargin, kMargin + kPlotWidth, kMargin + kPlotHeight}, rows);
  PixelPoint at{kMargin, kMargin + kPlotHeight};
  for (const SampleRow& row : samples) {
    draw(drawing, row, at);
    at.y += size_of(row).height;
  }
  drawing.save(path);
}

}  // namespace histoloom
