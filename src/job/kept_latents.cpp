#include "kept_latents.h"

#include <limits>

#include "canvas_files.h"
#include "histoloom/decode/window_encoder.h"
#include "histoloom/store/array_files.h"

namespace histoloom {

namespace {

std::vector<float> without_painted(const KeptPicture& picture, const LatentRect& cells,
                                   const float* latents, std::int64_t channels) {
  std::vector<float> out(latents, latents + cells.area() * channels);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t cell = static_cast<std::int64_t>(i) % cells.area();
    const std::int64_t x = cells.x0 + cell % cells.width(), y = cells.y0 + cell / cells.width();
    if (picture.painted[static_cast<std::size_t>(y * picture.canvas.width + x)] != 0)
      out[i] = std::numeric_limits<float>::quiet_NaN();
  }
  return out;
}

}  // namespace

LatentArray encode_kept(RecipeRun& run, const std::filesystem::path& directory,
                        const ModelBundle& bundle, Autoencoder& autoencoder,
                        const KeptPicture& picture, int threads) {
  const std::filesystem::path path = directory / kKeptArray;
  remove_array(path);
  const LatentSpaceSpec& space = bundle.latent;
  LatentArray kept =
      LatentArray::create(path, space.channels, picture.canvas, StoreType::float16, run.cache);
  encode_picture(
      space, bundle.decode_window, autoencoder, picture.pixels, picture.size, threads,
      [&](const LatentRect& cells, const float* latents) {
        kept.write(cells, without_painted(picture, cells, latents, space.channels).data());
      },
      run.progress);
  return kept;
}

}  // namespace histoloom
