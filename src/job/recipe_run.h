// One run of a recipe that paints into a work directory: what it works with and what it has done.
#pragma once

#include <optional>

#include "histoloom/core/progress.h"
#include "ledger.h"
#include "networks.h"
#include "output_claim.h"
#include "paint_stage.h"
#include "work.h"

namespace histoloom {

struct RecipeRun {
  NetworkSource& networks;
  WorkDirectory& work;
  Progress& progress;
  Ledger ledger;
  ChunkCache cache;
  std::optional<OutputClaim> claim;  // of OUT, until its writer opens it

  // Claims OUT and goes on with the ledger of the runs before. `cache_bytes`: of the store's chunks
  // in memory. All that is handed in outlives it.
  RecipeRun(NetworkSource& n, WorkDirectory& w, Progress& p, const std::filesystem::path& out,
            std::uint64_t cache_bytes)
      : networks(n),
        work(w),
        progress(p),
        ledger(w.account()),
        cache(cache_bytes),
        claim(std::in_place, out) {}

  // What all runs have done up to now.
  Account total() { return ledger.total(cache.traffic()); }

  // Notes the files that are written next as the job's own. \error OutputAppeared if one of them has
  // come from elsewhere.
  void note_outputs(const GenerateSpec& spec, const Replaceable& replace,
                    std::optional<FileMark> slide);

  // Paints the image's canvas, from where the runs before have committed it.
  LatentArray paint(const PaintStage& stage, const Scene& scene);
};

// Warns of a denoiser that was trained on latents of another autoencoder.
void warn_of_stale(const ModelBundle& bundle, Progress& progress);
// Warns of a job that goes on with kernels of another kind.
void warn_of_other_cpu(const WorkDirectory& work, Progress& progress);

}  // namespace histoloom
