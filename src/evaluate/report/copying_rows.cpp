#include "copying_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "histoloom/evaluate/copying.h"
#include "search_regions.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

// Patches with glass on the same side correlate, whatever tissue they show beside it.
constexpr double kMaxGlass = 0.1;
// A window without more glass than that may be a quarter of a region.
constexpr double kMaxGlassOfRegion = 0.8;

std::vector<Picture> nearly_without_glass(Pictures patches) {
  std::vector<Picture> out;
  std::copy_if(patches.begin(), patches.end(), std::back_inserter(out),
               [](const Picture& patch) { return glass_share(patch) <= kMaxGlass; });
  return out;
}

void add_rows(EvaluationReport& report, const char* measure, const std::vector<Match>& synthetic,
              const std::vector<Match>& real) {
  const auto add = [&](const char* of, double MatchSummary::*part) {
    const auto figure = [part](const std::vector<Match>& matches) {
      return matches.empty() ? std::nullopt : std::optional(Figure(summary_of(matches).*part));
    };
    report.rows.push_back({measure, of, "", figure(synthetic), figure(real), {}});
  };
  add("highest", &MatchSummary::maximum);
  add("95th percentile", &MatchSummary::p95);
  add("median", &MatchSummary::median);
}

SearchRegions search_regions_of(const PatchSets& sets, const EvaluateInputs& inputs,
                                const EvaluateOptions& options, Progress& progress) {
  const std::span<const PartId> beside = inputs.held_out.empty()
                                             ? std::span<const PartId>(sets.reference.parts)
                                             : std::span<const PartId>();
  SearchRegions regions =
      search_regions(inputs.real, beside, options.patch, options.training_patches, options.seed);
  if (regions.chosen.size() < regions.all)
    progress.warn(fmt::format(
        "shifted_correlation searches {} of the {} squares of {} px that the training images hold; "
        "a higher --training-patches searches more",
        regions.chosen.size(), regions.all, 2 * options.patch));
  if (!regions.apart)
    progress.warn(
        "shifted_correlation has nothing to stand beside: the patches of real against real are cut "
        "from every real image, and would be found there; give --held-out");
  return regions;
}

// Looks in the regions, source after source. False where all of them are glass.
bool look_in(ShiftedSearch& search, const std::vector<SearchRegion>& regions,
             const PatchSources& sources, const Progress& progress) {
  bool any = false;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    stop_if_asked(&progress);
    PatchSource& source = *sources[regions[i].source];
    const Picture picture = source.region(regions[i].rect);
    if (i + 1 == regions.size() || regions[i + 1].source != regions[i].source) source.release();
    if (glass_share(picture) > kMaxGlassOfRegion) continue;
    search.look_in(picture, regions[i].source, regions[i].rect.corner());
    any = true;
  }
  return any;
}

// Of the first `made` patches, which are synthetic, and the others, which are real.
void add_shifted(EvaluationReport& report, Pictures patches, std::size_t made,
                 const SearchRegions& regions, const PatchSources& sources, Progress& progress) {
  ShiftedSearch search(regions.apart ? patches : patches.first(made), {.progress = &progress});
  if (!look_in(search, regions.chosen, sources, progress)) {
    progress.warn(
        "shifted_correlation is left out: what is searched of the training images is glass; a "
        "higher --training-patches searches more");
    return;
  }
  const std::vector<Match> matches = search.matches();
  const auto middle = matches.begin() + static_cast<std::ptrdiff_t>(made);
  add_rows(report, "shifted_correlation", {matches.begin(), middle}, {middle, matches.end()});
}

}  // namespace

void add_copying(EvaluationReport& report, const PatchSets& sets, const EvaluateInputs& inputs,
                 const EvaluateOptions& options, Progress& progress) {
  std::vector<Picture> made = nearly_without_glass(sets.synthetic.patches),
                       held_out = nearly_without_glass(sets.reference.patches);
  // The highest of more patches is higher.
  const std::size_t count = std::min(made.size(), held_out.size());
  if (count < 2) {
    progress.warn(
        fmt::format("copies are not searched for: {} synthetic and {} real patches have at most "
                    "{:.0f} % glass, 2 of each are needed; give more images",
                    made.size(), held_out.size(), 100 * kMaxGlass));
    return;
  }
  made.resize(count);
  std::move(held_out.begin(), held_out.begin() + static_cast<std::ptrdiff_t>(count),
            std::back_inserter(made));
  const Pictures both(made);
  add_rows(report, "pixel_correlation",
           best_matches(both.first(count), sets.training.patches, &progress),
           best_matches(both.subspan(count), sets.training.patches, &progress));
  add_shifted(report, both, count, search_regions_of(sets, inputs, options, progress), inputs.real,
              progress);
}

}  // namespace histoloom::evaluate
