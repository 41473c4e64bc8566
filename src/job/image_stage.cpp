#include "image_stage.h"

#include <cmath>

#include "coarser_labels.h"
#include "histoloom/labels/packed_field.h"

namespace histoloom {

PixelSize size_at(PixelSize size, double mpp, double coarser_mpp) {
  // A hair less, so that a quotient that rounding lifts above a whole number is no pixel more.
  const auto scaled = [ratio = mpp / coarser_mpp](std::int64_t length) {
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(std::ceil(static_cast<double>(length) * ratio - 1e-6)));
  };
  return {scaled(size.width), scaled(size.height)};
}

ImageStage::ImageStage(const ModelBundle& b, PixelSize s, Sampling sampling, int threads)
    : bundle(b),
      size(s),
      canvas(canvas_around(latent_size_for(s, b.latent.downsampling), b.patch)),
      painting(b.image(), std::move(sampling), canvas.size, threads),
      decoding(b, s, canvas.size, canvas.origin, threads) {}

std::unique_ptr<LabelField> ImageStage::coarser_labels(const LabelField& slide,
                                                       double cell_microns) const {
  const int factor = bundle.latent.downsampling;
  return packed_field(CoarserLabels(slide, latent_size_for(size, factor),
                                    bundle.mpp * factor / cell_microns, bundle.labels.glass()));
}

Scene ImageStage::scene(const CanvasLabelField& labels, std::vector<float> glass_latent) const {
  return {labels, bundle.labels.unknown(), bundle.labels.glass(), std::move(glass_latent)};
}

std::unique_ptr<GlassField> ImageStage::glass_field(const CanvasLabelField& labels) const {
  if (!bundle.labels.glass()) return std::make_unique<NoGlass>();
  return std::make_unique<LabelledGlass>(labels, *bundle.labels.glass());
}

std::vector<float> ImageStage::latent_of_glass(Autoencoder& autoencoder,
                                               const GlassTexture& texture) const {
  const int side = bundle.patch * bundle.latent.downsampling;
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      pixels.insert(pixels.end(), texture.at(x, y), texture.at(x, y) + 3);
  return mean_latent(bundle.latent, autoencoder, pixels, {side, side});
}

}  // namespace histoloom
