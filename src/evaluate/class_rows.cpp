#include "class_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "draw.h"
#include "histoloom/core/error.h"
#include "histoloom/evaluate/classifier.h"
#include "histoloom/labels/mask_file.h"

namespace histoloom::evaluate {

namespace {

constexpr int kCell = 8;                   // px of a mask's cell
constexpr std::int64_t kWindowCells = 4;   // a side: 32 px
constexpr std::int64_t kMinCells = 12;     // of 16 that must have the class
constexpr std::size_t kMaxWindows = 4000;  // of a class and side

using Classes = std::array<LabelId, 2>;

struct Place {
  std::size_t source = 0;
  PixelRect rect;
};
using Places = std::array<std::vector<Place>, 2>;  // by class

// Finds the windows of an image that have one of the classes.
void add_places(Places& out, std::size_t index, PatchSource& source, const LabelSet& labels,
                const Classes& classes) {
  const std::filesystem::path mask = mask_beside(source.path());
  if (mask.empty()) return;
  const auto field = read_mask(mask, labels, source.size(), kCell);
  constexpr std::int64_t kSide = kWindowCells * kCell;
  std::vector<LabelId> cells(static_cast<std::size_t>(kWindowCells * kWindowCells));
  for (std::int64_t y = 0; y + kSide <= source.size().height; y += kSide) {
    for (std::int64_t x = 0; x + kSide <= source.size().width; x += kSide) {
      field->read(LatentRect::at({x / kCell, y / kCell}, {kWindowCells, kWindowCells}),
                  cells.data());
      for (std::size_t k = 0; k < classes.size(); ++k)
        if (std::count(cells.begin(), cells.end(), classes[k]) >= kMinCells)
          out[k].push_back({index, PixelRect::at({x, y}, {kSide, kSide})});
    }
  }
}

// At most kMaxWindows of them, in the order of their sources.
std::vector<Place> some_of(const std::vector<Place>& places, std::uint64_t seed, std::int64_t k) {
  std::vector<std::size_t> order = Draw(seed, Purpose::windows).permutation(places.size(), k);
  order.resize(std::min(order.size(), kMaxWindows));
  std::sort(order.begin(), order.end());
  std::vector<Place> out;
  for (const std::size_t i : order) out.push_back(places[i]);
  return out;
}

void check_places(const Places& places, const EvaluateOptions& options, const char* option) {
  for (std::size_t k = 0; k < places.size(); ++k) {
    if (!places[k].empty()) continue;
    throw UserError(fmt::format(
        "{}: no window of {} px is labelled '{}'; masks are expected beside the images, as "
        "NAME_mask.png or NAME_mask.tif",
        option, kWindowCells * kCell, options.classes[k]));
  }
}

// The labelled windows of the sources that `takes` accepts.
template <class Takes>
std::vector<LabelledWindow> windows_of(const PatchSources& sources, const EvaluateOptions& options,
                                       const LabelSet& labels, const Classes& classes,
                                       const char* option, Takes&& takes) {
  Places places;
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (takes(i)) add_places(places, i, *sources[i], labels, classes);
  check_places(places, options, option);
  std::vector<LabelledWindow> out;
  for (std::size_t k = 0; k < places.size(); ++k) {
    const std::vector<Place> chosen =
        some_of(places[k], options.seed, static_cast<std::int64_t>(k));
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      PatchSource& source = *sources[chosen[i].source];
      out.push_back({tissue_features(source.read(chosen[i].rect)), k == 1, chosen[i].source});
      if (i + 1 == chosen.size() || chosen[i + 1].source != chosen[i].source) source.release();
    }
  }
  return out;
}

}  // namespace

void add_classes(EvaluationReport& report, const EvaluateInputs& inputs,
                 const EvaluateOptions& options) {
  if (options.classes.empty()) return;
  const Classes classes{inputs.labels->find(std::string_view(options.classes[0]))->id,
                        inputs.labels->find(std::string_view(options.classes[1]))->id};
  const LabelSet& labels = *inputs.labels;
  const auto all = [](std::size_t) { return true; };
  const bool split = inputs.held_out.empty();  // then every other real image is held out
  const auto training = windows_of(inputs.real, options, labels, classes, "--real",
                                   [split](std::size_t i) { return !split || i % 2 == 0; });
  const auto held_out =
      split ? windows_of(inputs.real, options, labels, classes, "--real",
                         [](std::size_t i) { return i % 2 == 1; })
            : windows_of(inputs.held_out, options, labels, classes, "--held-out", all);
  const auto synthetic = windows_of(inputs.synthetic, options, labels, classes, "--synthetic", all);
  const LinearClassifier classifier = LinearClassifier::train(training);
  const BootstrapOptions bootstrap{options.replicates, options.seed};
  report.rows.push_back({"balanced_accuracy",
                         options.classes[0] + " against " + options.classes[1],
                         "",
                         Figure(balanced_accuracy(classifier, synthetic, bootstrap)),
                         Figure(balanced_accuracy(classifier, held_out, bootstrap)),
                         {}});
}

}  // namespace histoloom::evaluate
