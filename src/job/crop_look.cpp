#include "crop_look.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "stage_run.h"

namespace histoloom {

namespace {

std::string range_text(const ValueRange& r) {
  return fmt::format("{:.4g} to {:.4g}, mean {:.4g}, {} of {} not finite", r.least, r.most, r.mean,
                     r.not_finite, r.values);
}

std::string probe_text(const CropProbe& p) {
  return fmt::format(
      "crop         number {}, patch at cell {},{}, paints {} cells\n"
      "step         time {} of the schedule, {}, {}\n"
      "before       {}\n"
      "denoiser     {}\n"
      "clean        {}\n",
      p.crop, p.corner.x, p.corner.y, p.painted, p.time, p.guided ? "guided" : "not guided",
      p.tapered ? "tapered" : "plain", range_text(p.y), range_text(p.prediction), range_text(p.x0));
}

}  // namespace

void check_crop_step(int step, const WorkDirectory& work, const GenerateSpec& spec) {
  const int done = work.painted().steps;
  if (done != step - 1)
    throw UserError(fmt::format(
        "--only-crop: the work directory '{}' has committed {} steps, so that crops of step {} can "
        "be looked at, not of step {}",
        spec.work.directory.string(), done, done + 1, step));
}

std::string look_at_crop(SlideSetup& setup, CropChoice choice, NetworkSource& networks,
                         const WorkDirectory& work, Progress& progress) {
  ChunkCache cache(setup.memory.cache);
  DiffusionReport ignored;
  if (setup.labels.paints())
    setup.labels.paint(
        networks, canvas_in(work.mask(), cache, work.job_sha256()), work.painted_labels(),
        [](PaintedPart, const DiffusionReport&) {}, progress, ignored);
  setup.take_labels();
  const CanvasLabels labels = setup.image.on_canvas(setup.image_labels());
  const std::vector<float> glass =
      setup.image.latent_of_glass(networks.autoencoder(), setup.texture);
  Scene scene = setup.image.scene(labels, glass);
  std::optional<LatentArray> picture;
  std::optional<PictureContext> context;
  if (!setup.coarser.empty()) {
    const std::size_t last = setup.coarser.stages().size() - 1;
    picture.emplace(stage_picture(work, last, setup.coarser.picture_size(last), cache,
                                  /*there=*/true));
    scene.context = &context.emplace(setup.coarser.context(setup.image, last, *picture));
  }
  return probe_text(setup.image.painting.probe(networks.denoiser(), scene,
                                               canvas_in(work.latents(), cache, work.job_sha256()),
                                               choice.step - 1, choice.cell));
}

}  // namespace histoloom
