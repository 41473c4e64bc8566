#include "class_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "draw.h"
#include "histoloom/core/error.h"
#include "histoloom/evaluate/classifier.h"
#include "histoloom/labels/mask_file.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

constexpr int kCell = 8;                   // px of a mask's cell
constexpr std::int64_t kWindowCells = 4;   // a side: 32 px
constexpr std::int64_t kMinCells = 12;     // of 16 that must have the class
constexpr std::size_t kMaxWindows = 4000;  // of a class and side

using Classes = std::array<LabelId, 2>;

// Finds the windows of an image that have one of the classes.
void add_places(PlacesByClass& out, std::size_t index, PatchSource& source, const LabelSet& labels,
                const Classes& classes) {
  const std::filesystem::path mask = mask_beside(source.path());
  if (mask.empty()) return;
  const auto field = read_mask(mask, labels, source.size(), kCell);
  constexpr std::int64_t kSide = kWindowCells * kCell;
  std::vector<LabelId> cells(static_cast<std::size_t>(kWindowCells * kWindowCells));
  for (std::int64_t y = 0; y + kSide <= source.size().height; y += kSide) {
    for (std::int64_t x = 0; x + kSide <= source.size().width; x += kSide) {
      field->read(CellRect::at({x / kCell, y / kCell}, {kWindowCells, kWindowCells}), cells.data());
      for (std::size_t k = 0; k < classes.size(); ++k)
        if (std::count(cells.begin(), cells.end(), classes[k]) >= kMinCells)
          out[k].push_back({index, PixelRect::at({x, y}, {kSide, kSide})});
    }
  }
}

// At most kMaxWindows of them, in the order of their sources.
std::vector<LabelledPlace> some_of(const std::vector<LabelledPlace>& places, std::uint64_t seed,
                                   std::int64_t k) {
  std::vector<std::size_t> order = Draw(seed, Purpose::windows).permutation(places.size(), k);
  order.resize(std::min(order.size(), kMaxWindows));
  std::sort(order.begin(), order.end());
  std::vector<LabelledPlace> out;
  for (const std::size_t i : order) out.push_back(places[i]);
  return out;
}

void check_places(const PlacesByClass& places, const EvaluateOptions& options, const char* option) {
  for (std::size_t k = 0; k < places.size(); ++k) {
    if (!places[k].empty()) continue;
    throw UserError(fmt::format(
        "{}: no window of {} px is labelled '{}'; masks are expected beside the images, as "
        "NAME_mask.png or NAME_mask.tif",
        option, kWindowCells * kCell, options.classes[k]));
  }
}

// The places of the sources that `takes` accepts. A mask that doesn't fit is found here.
template <class Takes>
PlacesByClass places_of(const PatchSources& sources, const EvaluateInputs& inputs,
                        const EvaluateOptions& options, const char* option, Takes&& takes,
                        const Progress& progress) {
  const LabelSet& labels = *inputs.labels;
  const Classes classes{labels.find(std::string_view(options.classes[0]))->id,
                        labels.find(std::string_view(options.classes[1]))->id};
  PlacesByClass places;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    stop_if_asked(&progress);
    if (takes(i)) add_places(places, i, *sources[i], labels, classes);
  }
  check_places(places, options, option);
  for (std::size_t k = 0; k < places.size(); ++k)
    places[k] = some_of(places[k], options.seed, static_cast<std::int64_t>(k));
  return places;
}

std::vector<LabelledWindow> windows_at(const PlacesByClass& places, const PatchSources& sources,
                                       const Progress& progress) {
  std::vector<LabelledWindow> out;
  for (std::size_t k = 0; k < places.size(); ++k) {
    const std::vector<LabelledPlace>& chosen = places[k];
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      PatchSource& source = *sources[chosen[i].source];
      out.push_back({tissue_features(source.region(chosen[i].rect)), k == 1,
                     part_of(chosen[i].source, chosen[i].rect.corner())});
      if (i + 1 < chosen.size() && chosen[i + 1].source == chosen[i].source) continue;
      source.release();
      stop_if_asked(&progress);
    }
  }
  return out;
}

}  // namespace

ClassPlaces find_class_places(const EvaluateInputs& inputs, const EvaluateOptions& options,
                              const Progress& progress) {
  if (options.classes.empty()) return {};
  const auto all = [](std::size_t) { return true; };
  const auto places = [&](const PatchSources& sources, const char* option, auto&& takes) {
    return places_of(sources, inputs, options, option, takes, progress);
  };
  ClassPlaces out;
  out.synthetic = places(inputs.synthetic, "--synthetic", all);
  if (inputs.held_out.empty()) {  // every other real image is
    out.training = places(inputs.real, "--real", [](std::size_t i) { return i % 2 == 0; });
    out.held_out = places(inputs.real, "--real, every other image of which is held out",
                          [](std::size_t i) { return i % 2 == 1; });
  } else {
    out.training = places(inputs.real, "--real", all);
    out.held_out = places(inputs.held_out, "--held-out", all);
  }
  return out;
}

void add_classes(EvaluationReport& report, const EvaluateInputs& inputs,
                 const EvaluateOptions& options, const ClassPlaces& places, Progress& progress) {
  if (options.classes.empty()) return;
  const PatchSources& real = inputs.held_out.empty() ? inputs.real : inputs.held_out;
  const auto training = windows_at(places.training, inputs.real, progress);
  const auto held_out = windows_at(places.held_out, real, progress);
  const auto synthetic = windows_at(places.synthetic, inputs.synthetic, progress);
  const LinearClassifier classifier = LinearClassifier::train(training);
  const BootstrapOptions bootstrap{options.replicates, options.seed};
  const Estimate made = balanced_accuracy(classifier, synthetic, bootstrap),
                 seen = balanced_accuracy(classifier, held_out, bootstrap);
  for (const auto& [name, estimate] : {std::pair("synthetic", made), std::pair("real", seen)})
    if (!estimate.interval)
      progress.warn(fmt::format(
          "balanced_accuracy of {} images has no interval: their windows come from fewer "
          "than {} squares of 1024 px",
          name, kLeastPartsOfInterval));
  report.rows.push_back({"balanced_accuracy",
                         options.classes[0] + " against " + options.classes[1],
                         "",
                         Figure(made),
                         Figure(seen),
                         {}});
}

}  // namespace histoloom::evaluate
