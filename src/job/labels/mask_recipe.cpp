#include "mask_recipe.h"

#include <vector>

#include "disk.h"
#include "histoloom/core/file.h"
#include "histoloom/core/version.h"
#include "histoloom/core/writable.h"
#include "histoloom/vocabulary/json_text.h"
#include "outputs.h"
#include "process_memory.h"
#include "stopwatch.h"

namespace histoloom {

namespace {

std::vector<Output> outputs_of(const MaskJobSpec& spec) {
  std::vector<Output> out{{spec.files.mask_out, "-o"}};
  if (!spec.files.annotations.empty()) out.push_back({spec.files.annotations, "--annotations"});
  if (!spec.report.empty()) out.push_back({spec.report, "--report"});
  return out;
}

constexpr std::uint64_t kCanvasCache = std::uint64_t{64} << 20;

}  // namespace

MaskRecipe::MaskRecipe(const MaskJobSpec& spec, const ModelBundle& bundle,
                       std::unique_ptr<LabelPainter> painter)
    : spec_(spec), bundle_(bundle), labels_(spec.labels, spec.files, bundle, std::move(painter)) {
  const Replaceable replace(spec.force);
  labels_.check_outputs(replace, "-o");
  require_writable_output(spec.report, replace, "--report");
  if (labels_.paints()) {
    scratch_.emplace(spec.files.mask_out);
    // The canvas is all that is large.
    require_space({{"painting labels", existing_directory(directory_of(spec.files.mask_out)),
                    labels_.disk(), bytes_at(scratch_->path()), "-o"}});
  }
  labels_.read();
}

void MaskRecipe::run(NetworkSource& networks, Progress& progress) {
  const Stopwatch watch;
  labels_.tell(progress);
  if (labels_.paints()) {
    scratch_->open();
    ChunkCache cache(kCanvasCache);
    DiffusionReport report;
    labels_.paint(
        networks, canvas_in(scratch_->path(), cache), {},
        [](PaintedPart, const DiffusionReport&) {}, progress, report);
    scratch_.reset();
  }
  require_still_new(outputs_of(spec_), Replaceable(spec_.force));
  labels_.write(progress);
  if (!spec_.report.empty()) replace_file(spec_.report, report(watch.seconds()));
}

std::string MaskRecipe::report(double seconds) const {
  // What no network computed has neither.
  nlohmann::ordered_json dtype, kinds = nlohmann::ordered_json::array();
  if (labels_.paints()) {
    dtype = name_of(spec_.machine.dtype);
    kinds.push_back(spec_.machine.cpu_kind);
  }
  nlohmann::ordered_json facts = {{"version", kVersion},
                                  {"seed", spec_.labels.seed},
                                  {"mask",
                                   {{"path", spec_.files.mask_out.string()},
                                    {"width", spec_.labels.size.width},
                                    {"height", spec_.labels.size.height},
                                    {"cell", bundle_.latent.downsampling},
                                    {"shares", json_of(labels_.shares())}}},
                                  {"model", {{"name", bundle_.name}}},
                                  {"threads", spec_.machine.threads},
                                  {"dtype", dtype},
                                  {"cpu_kinds", kinds},
                                  {"peak_rss_bytes", peak_rss_bytes()},
                                  {"wall_seconds", seconds}};
  if (labels_.section()) facts["mask"]["section"] = json_of(*labels_.section());
  return json_text(facts, 2) + "\n";
}

}  // namespace histoloom
