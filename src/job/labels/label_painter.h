// What a slide's labels are painted by; without it a mask or a layout gives them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "canvas_store.h"
#include "histoloom/core/progress.h"
#include "histoloom/diffusion/random_patch.h"
#include "histoloom/labels/label_field.h"
#include "network_source.h"

namespace histoloom {

class LabelPainter {
 public:
  virtual ~LabelPainter() = default;

  // The kind of tissue that is painted, by its prompt; empty where the bundle has none.
  virtual std::string prompt() const = 0;
  // Bytes on disk, and of memory beside the network.
  virtual std::uint64_t disk() const = 0;
  virtual std::uint64_t memory() const = 0;
  // What paint() will take.
  virtual CanvasForecast forecast(const LabelField& outline, NetworkSource& networks) const = 0;
  // Paints the unknown cells of `outline`. The field that it returns reads the latent buffers of
  // `store`. Throws as PaintStage::run().
  virtual std::unique_ptr<LabelField> paint(
      std::unique_ptr<LabelField> outline, NetworkSource& networks, const CanvasStore& store,
      PaintedPart done, std::function<void(PaintedPart, const DiffusionReport&)> committed,
      Progress& progress, DiffusionReport& report) const = 0;
};

}  // namespace histoloom
