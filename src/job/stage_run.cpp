#include "stage_run.h"

#include "canvas_files.h"
#include "histoloom/store/array_files.h"
#include "latent_buffer.h"

namespace histoloom {

namespace {

constexpr int kPictureColours = 3;
constexpr StoreType kPictureStore = StoreType::float16;

LatentSize as_cells(PixelSize size) { return {size.width, size.height}; }

Picture copy_of(const PictureView& rows) {
  Picture out{rows.size, {}, rows.channels};
  for (std::int64_t y = 0; y < rows.size.height; ++y)
    out.samples.insert(out.samples.end(), rows.row(y),
                       rows.row(y) + rows.channels * rows.size.width);
  return out;
}

LatentArray decode(RecipeRun& run, const StageScene& stage, const LatentArray& latents) {
  const Stopwatch watch;
  StageAccount& account = run.ledger.run().stage(stage.index);
  LatentArray out = stage_picture(run.work, stage.index, stage.size, run.cache, /*there=*/false);
  std::int64_t y = 0;
  stage.decoding.run(
      run.networks.coarser_autoencoder(stage.index), latents, stage.glass, /*first_row=*/0,
      [&](const PictureView& rows) {
        Picture copy = copy_of(rows);
        stage.edit(y, copy);
        store_picture_rows(out, copy, y);
        y += rows.size.height;
      },
      run.progress, account.decode);
  out.commit();
  account.decode_seconds = watch.seconds();
  run.work.commit_stage(stage.index, {run.work.stage(stage.index).painted, true}, run.total());
  return out;
}

}  // namespace

void store_picture_rows(LatentArray& picture, const Picture& rows, std::int64_t y) {
  const auto plane = static_cast<std::size_t>(rows.size.area());
  std::vector<float> planes(kPictureColours * plane);
  for (std::size_t i = 0; i < plane; ++i)
    for (std::size_t c = 0; c < kPictureColours; ++c)
      planes[c * plane + i] = static_cast<float>(rows.samples[kPictureColours * i + c]) / 255;
  picture.write({0, y, rows.size.width, y + rows.size.height}, planes.data());
}

std::uint64_t stage_picture_disk(PixelSize size) {
  return latent_array_bytes(kPictureColours, as_cells(size), kPictureStore);
}

std::uint64_t stage_picture_memory(const ModelBundle& bundle, std::int64_t width) {
  // Rows of a window's height, as bytes and as numbers.
  const std::int64_t rows = bundle.decode_window * bundle.latent.downsampling;
  return static_cast<std::uint64_t>(5 * kPictureColours * width * rows);
}

LatentArray stage_picture(const WorkDirectory& work, std::size_t index, PixelSize size,
                          ChunkCache& cache, bool there) {
  const std::filesystem::path path = work.stage_directory(index) / kPictureArray;
  if (!there) remove_array(path);
  return latent_buffer_at(path, work.job_sha256(), there,
                          {kPictureColours, as_cells(size), kPictureStore}, cache);
}

LatentArray run_stage(RecipeRun& run, const StageScene& stage) {
  const Stopwatch watch;
  StageAccount& account = run.ledger.run().stage(stage.index);
  PaintedCanvas painted = stage.painting.run(
      run.networks.coarser_denoiser(stage.index), stage.scene,
      canvas_in(run.work.stage_directory(stage.index), run.cache, run.work.job_sha256()),
      run.work.stage(stage.index).painted,
      [&](PaintedPart part, const DiffusionReport& report) {
        account.diffusion = report;
        account.diffusion_seconds = watch.seconds();
        run.work.commit_stage(stage.index, {part, false}, run.total());
      },
      run.progress);
  account.diffusion = painted.report;
  account.diffusion_seconds = watch.seconds();
  return decode(run, stage, painted.latents);
}

}  // namespace histoloom
