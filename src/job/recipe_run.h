// One run of a recipe that paints into a work directory: what it works with and what it has done.
#pragma once

#include "histoloom/core/progress.h"
#include "ledger.h"
#include "networks.h"
#include "paint_stage.h"
#include "work.h"

namespace histoloom {

struct RecipeRun {
  NetworkSource& networks;
  WorkDirectory& work;
  Progress& progress;
  Ledger ledger;
  ChunkCache cache;

  // Goes on with the ledger of the runs before. `cache_bytes`: of the store's chunks in memory. All
  // that is handed in outlives it.
  RecipeRun(NetworkSource& n, WorkDirectory& w, Progress& p, std::uint64_t cache_bytes)
      : networks(n), work(w), progress(p), ledger(w.account()), cache(cache_bytes) {}

  // What all runs have done up to now.
  Account total() { return ledger.total(cache.traffic()); }

  // Paints the image's canvas, from where the runs before have committed it.
  LatentArray paint(const PaintStage& stage, const Scene& scene);
};

}  // namespace histoloom
