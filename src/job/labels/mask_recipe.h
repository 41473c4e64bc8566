// The labels of a slide alone.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "histoloom/bundle/bundle.h"
#include "histoloom/core/progress.h"
#include "histoloom/job/mask_spec.h"
#include "label_stage.h"
#include "network_source.h"
#include "scratch_canvas.h"

namespace histoloom {

class MaskRecipe {
 public:
  // Checks all that can be checked without the network, and reads the labels or their outline;
  // writes nothing. `spec` and the bundle outlive it. `painter` as LabelStage. \error UserError.
  MaskRecipe(const MaskJobSpec& spec, const ModelBundle& bundle,
             std::unique_ptr<LabelPainter> painter);

  // Whether run() needs the network that paints labels.
  bool paints() const { return labels_.paints(); }
  // Makes the labels and writes what was asked for; once.
  void run(NetworkSource& networks, Progress& progress);

 private:
  std::string report(double seconds) const;

  const MaskJobSpec& spec_;
  const ModelBundle& bundle_;
  LabelStage labels_;
  std::optional<ScratchCanvas> scratch_;  // where labels are painted
};

}  // namespace histoloom
