#include "recipe_run.h"

namespace histoloom {

LatentArray RecipeRun::paint(const PaintStage& stage, const Scene& scene) {
  const Stopwatch watch;
  Account& account = ledger.run();
  PaintedCanvas painted = stage.run(
      networks.denoiser(), scene, canvas_in(work.latents(), cache), work.painted(),
      [&](PaintedPart part, const DiffusionReport& report) {
        account.diffusion = report;
        account.diffusion_seconds = watch.seconds();
        work.commit(part, total());
      },
      progress);
  account.diffusion = painted.report;
  account.diffusion_seconds = watch.seconds();
  return std::move(painted.latents);
}

}  // namespace histoloom
