#include "patch_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "histoloom/core/error.h"

namespace histoloom::evaluate {

namespace {

constexpr std::size_t kMinPatches = 2;

SamplingOptions sampling_of(const EvaluateOptions& options, std::int64_t count,
                            const Progress& progress) {
  return {.side = options.patch, .count = count, .seed = options.seed, .progress = &progress};
}

PatchSet drawn(const PatchSources& sources, std::int64_t count, const EvaluateOptions& options,
               const char* option, const Progress& progress) {
  PatchSet set = with_context(
      option, [&] { return sample_patches(sources, sampling_of(options, count, progress)); });
  if (set.patches.size() < kMinPatches)
    throw UserError(
        fmt::format("{}: {} squares of {} px show tissue, at least {} are needed; give more images "
                    "or a smaller --patch",
                    option, set.patches.size(), options.patch, kMinPatches));
  return set;
}

// One side's patches may be far fewer than the other's, since no image is on both.
void warn_of_split(const PatchSet& reference, const PatchSet& searched, std::size_t wanted,
                   Progress& progress) {
  std::set<std::size_t> sources;
  for (const PatchSet* set : {&reference, &searched})
    for (const PartId part : set->parts) sources.insert(source_of(part));
  if (sources.size() == 1)
    progress.warn(
        "--real: its tissue is that of one image, so that real against real is that image against "
        "itself, and lower than two images would have it; give --held-out from another one");
  const auto [fewer, more] = std::minmax(
      {std::min(wanted, reference.patches.size()), std::min(wanted, searched.patches.size())});
  if (2 * fewer < more)
    progress.warn(
        fmt::format("--real: {} patches a side are compared although one side holds {}, since no "
                    "image is on both sides; give more images of one size, or --held-out",
                    fewer, more));
}

// Without held-out images a part of the real ones takes their place.
std::pair<PatchSet, PatchSet> split_real(const PatchSources& real, const EvaluateOptions& o,
                                         std::int64_t searched_count, Progress& progress) {
  auto sides = with_context("--real", [&] {
    return sample_apart(real, sampling_of(o, o.patches, progress), searched_count);
  });
  const std::size_t first = sides.first.patches.size(), second = sides.second.patches.size();
  if (std::min(first, second) < kMinPatches)
    throw UserError(fmt::format(
        "--real: without --held-out its images are shared out on two sides, which show {} and {} "
        "squares of {} px with tissue; at least {} each are needed; give more images, --held-out "
        "or a smaller --patch",
        first, second, o.patch, kMinPatches));
  warn_of_split(sides.first, sides.second, static_cast<std::size_t>(o.patches), progress);
  return sides;
}

}  // namespace

PatchSets read_sets(const EvaluateInputs& inputs, const EvaluateOptions& o, Progress& progress) {
  PatchSets sets;
  sets.synthetic = drawn(inputs.synthetic, o.patches, o, "--synthetic", progress);
  const std::int64_t searched = std::max(o.patches, o.training_patches);
  if (inputs.held_out.empty()) {
    std::tie(sets.reference, sets.training) = split_real(inputs.real, o, searched, progress);
  } else {
    sets.training = drawn(inputs.real, searched, o, "--real", progress);
    sets.reference = drawn(inputs.held_out, o.patches, o, "--held-out", progress);
  }
  const std::size_t count = std::min(
      {sets.synthetic.patches.size(), sets.training.patches.size(), sets.reference.patches.size()});
  truncate(sets.synthetic, count);
  truncate(sets.reference, count);
  truncate(sets.training, std::max(count, static_cast<std::size_t>(o.training_patches)));
  return sets;
}

}  // namespace histoloom::evaluate
