#include "histoloom/slide/mask_job.h"

#include <array>
#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/slide/version.h"
#include "label_stage.h"
#include "process_memory.h"
#include "stopwatch.h"

namespace histoloom {

namespace {

// Shares of the labels by their names.
nlohmann::ordered_json shares_of(const LabelField& field, const LabelSet& labels) {
  const LatentSize size = field.size();
  std::array<std::int64_t, 256> cells{};
  std::vector<LabelId> row(static_cast<std::size_t>(size.width));
  for (std::int64_t y = 0; y < size.height; ++y) {
    field.read({0, y, size.width, y + 1}, row.data());
    for (const LabelId id : row) ++cells[id];
  }
  nlohmann::ordered_json out;
  for (const Label& label : labels.labels())
    out[label.name] = static_cast<double>(cells[label.id]) / static_cast<double>(size.area());
  return out;
}

}  // namespace

struct MaskJob::State {
  SceneOptions options;
  ModelBundle bundle;
  LabelSet labels;
  std::unique_ptr<LabelField> field;
  Stopwatch watch;

  std::string report() const {
    const nlohmann::ordered_json json = {{"version", kVersion},
                                         {"seed", options.seed},
                                         {"mask",
                                          {{"path", options.mask_out.string()},
                                           {"width", options.size.width},
                                           {"height", options.size.height},
                                           {"cell", bundle.downsampling},
                                           {"shares", shares_of(*field, labels)}}},
                                         {"model", {{"name", bundle.name}}},
                                         {"peak_rss_bytes", peak_rss_bytes()},
                                         {"wall_seconds", watch.seconds()}};
    return json.dump(2) + "\n";
  }
};

MaskJob::MaskJob(const SceneOptions& options) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.options = options;
  validate(options);
  s.bundle = ModelBundle::read(options.model);
  check_label_outputs(options, s.bundle, options.force);
  s.labels = read_label_set(s.bundle);
  s.field = make_labels(options, s.bundle, s.labels);
}

MaskJob::~MaskJob() = default;
MaskJob::MaskJob(MaskJob&&) noexcept = default;

void MaskJob::run(Progress& progress) {
  State& s = *state_;
  write_labels(s.options, s.bundle, s.labels, *s.field, progress);
  if (!s.options.report.empty()) replace_file(s.options.report, s.report());
}

}  // namespace histoloom
