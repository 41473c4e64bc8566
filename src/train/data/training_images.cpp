#include "training_images.h"

#include <fmt/format.h>

#include <algorithm>

#include "crops.h"
#include "histoloom/core/error.h"

namespace histoloom {

namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 24;  // pixels

// Where `length` is cut: from 0 to its end, between them multiples of `factor`, `side` or more
// apart.
std::vector<std::int64_t> bounds_of(std::int64_t length, int factor, std::int64_t side) {
  const std::int64_t n = std::max<std::int64_t>(1, length / (side + factor));
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < n; ++i) out.push_back(i * length / n / factor * factor);
  out.push_back(length);
  return out;
}

TrainingImage piece_of(const TrainingImage& image, const PixelRect& rect, int factor) {
  TrainingImage out{image.name, rect.size(), {}, {}, image.labelled};
  const auto row = static_cast<std::size_t>(3 * rect.width());
  for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
    const auto first =
        image.pixels.begin() + static_cast<std::ptrdiff_t>(3 * (y * image.size.width + rect.x0));
    out.pixels.insert(out.pixels.end(), first, first + static_cast<std::ptrdiff_t>(row));
  }
  const CellSize cells = latent_size_for(image.size, factor),
                 own = latent_size_for(out.size, factor);
  for (std::int64_t y = rect.y0 / factor; y < rect.y0 / factor + own.height; ++y) {
    const auto first =
        image.labels.begin() + static_cast<std::ptrdiff_t>(y * cells.width + rect.x0 / factor);
    out.labels.insert(out.labels.end(), first, first + static_cast<std::ptrdiff_t>(own.width));
  }
  return out;
}

}  // namespace

std::vector<TrainingImage> cut_large(std::vector<TrainingImage> images, int factor,
                                     std::int64_t side) {
  std::vector<TrainingImage> out;
  for (TrainingImage& image : images) {
    if (image.size.area() <= kLargest) {
      out.push_back(std::move(image));
      continue;
    }
    const std::vector<std::int64_t> xs = bounds_of(image.size.width, factor, side),
                                    ys = bounds_of(image.size.height, factor, side);
    for (std::size_t y = 0; y + 1 < ys.size(); ++y)
      for (std::size_t x = 0; x + 1 < xs.size(); ++x)
        out.push_back(piece_of(image, {xs[x], ys[y], xs[x + 1], ys[y + 1]}, factor));
    image = {};
  }
  return out;
}

namespace {

// `prepare` takes what was read and refuses or leaves out what is too small.
template <class Prepare>
ImagesOfTraining read_both(ImageSetOptions data, const ModelBundle& bundle, std::int64_t side,
                           Prepare&& prepare) {
  ImagesOfTraining out{bundle.labels, {}, {}};
  data.factor = bundle.latent.downsampling;
  data.mpp = bundle.mpp;
  // A region, too, holds a patch, however large that is.
  data.region_side = static_cast<int>(std::max<std::int64_t>(data.region_side, side));
  const auto read = [&](bool held_out) {
    data.held_out = held_out;
    std::vector<TrainingImage> images = read_image_set(data, out.labels);
    prepare(images);
    return cut_large(std::move(images), bundle.latent.downsampling, data.region_side);
  };
  out.training = read(false);
  if (data.held_out_every > 0) out.held_out = read(true);
  return out;
}

// Images of a coarser stage, whose pixels are `shrink` of those of the folder's images.
ImagesOfTraining read_coarser_images(ImageSetOptions data, const ModelBundle& stage, double shrink,
                                     std::int64_t side) {
  data.shrink = shrink;
  return read_both(data, stage, side, [&](std::vector<TrainingImage>& images) {
    if (images.empty()) return;
    std::erase_if(images, [side](const TrainingImage& image) {
      return image.size.width < side || image.size.height < side;
    });
    if (images.empty())
      throw UserError(fmt::format(
          "stage '{}' has {:.3g} microns a pixel, at which no training image has {} px a side; "
          "give larger images",
          stage.stage, stage.mpp, side));
  });
}

}  // namespace

const ModelBundle& stage_to_train(const TrainOptions& options, const ModelBundle& whole) {
  return options.stage.empty() ? whole : whole.stage_named(options.stage);
}

ImagesOfTraining read_training_images(const TrainOptions& options, const ModelBundle& whole,
                                      const ModelBundle& stage, std::int64_t side) {
  if (stage.is_coarser)
    return read_coarser_images(options.data, stage, stage.mpp / whole.mpp, side);
  return read_both(options.data, stage, side, [side](const std::vector<TrainingImage>& images) {
    require_side(images, side, "image");
  });
}

}  // namespace histoloom
