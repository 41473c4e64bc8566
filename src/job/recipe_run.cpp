#include "recipe_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "histoloom/bundle/weights_sum.h"
#include "outputs.h"

namespace histoloom {

void warn_of_stale(const ModelBundle& bundle, Progress& progress) {
  if (const std::string stale = stale_text(bundle); !stale.empty()) progress.warn(stale);
}

void RecipeRun::note_outputs(const GenerateSpec& spec, const Replaceable& replace,
                             std::optional<FileMark> slide) {
  const std::vector<Output> outputs = outputs_of(spec);
  require_still_new(outputs, replace);
  work.note_outputs(names_of(outputs), slide, total());
}

void warn_of_other_cpu(const WorkDirectory& work, Progress& progress) {
  if (work.cpu_kinds().size() > 1)
    progress.warn(fmt::format("the slide is made with the kernels of {}, whose rounding differs",
                              fmt::join(work.cpu_kinds(), ", then ")));
}

LatentArray RecipeRun::paint(const PaintStage& stage, const Scene& scene) {
  const Stopwatch watch;
  Account& account = ledger.run();
  PaintedCanvas painted = stage.run(
      networks.denoiser(), scene, canvas_in(work.latents(), cache, work.job_sha256()),
      work.painted(),
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
