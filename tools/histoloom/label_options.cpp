#include "label_options.h"

#include <CLI/CLI.hpp>

#include "default_model.h"

namespace histoloom {

void add_label_options(CLI::App& app, LabelArguments& o) {
  app.add_option("--size", o.size,
                 "WIDTHxHEIGHT in pixels at full resolution (the mask's, else 4096x4096)");
  app.add_option("--layout", o.layout,
                 "tissue, biopsy, tma: islands on glass; full: no glass; or a picture of a slide")
      ->capture_default_str();
  app.add_option("--tissue-fraction", o.tissue_fraction, "of a layout's area, 0 to 1 (0.40)");
  app.add_option("--pieces", o.pieces, "islands or cores of a layout (by seed and size)");
  app.add_option("--prompt", o.prompt, "what kind of tissue is painted (the model's first prompt)");
  app.add_option("--tumour-share", o.tumour_share,
                 "of the tissue in masses of tumour, 0 to 1 (the model's, by prompt)");
  app.add_option("--masses", o.masses, "of tumour in the section, 1 to 100 (by size and share)");
  add_mask_options(app, o);
}

void add_mask_options(CLI::App& app, LabelArguments& o) {
  o.model = default_model();
  app.add_option("--model", o.model, "directory of a model bundle")->capture_default_str();
  add_seed(app, o.seed, "same seed, same slide, byte for byte");
  app.add_option("--mask", o.mask,
                 "labels instead of a layout: .png, .tif of ids, or QuPath's .geojson");
  app.add_option("--mask-colors", o.mask_colors, "which colour of the mask is which label, .json");
  app.add_flag("--keep-unknown", o.keep_unknown, "leave unlabelled tissue of the mask unlabelled");
  app.add_option("--background", o.background,
                 "the label of the mask's unlabelled pixels, by name or id (they are tissue)")
      ->check(
          [](const std::string& label) { return std::string(label.empty() ? "is empty" : ""); });
  app.add_option(
      "--mask-levels", o.mask_levels,
      "of the label pyramid, 1 to 32 (down to one tile); of reduced ones OpenSlide mixes "
      "ids at odd places");
  app.add_option("--annotations", o.annotations,
                 "labels as polygons: .geojson for QuPath, .xml for ASAP");
  app.add_option("--simplify", o.simplify,
                 "pixels that their lines may be off the mask's (half a cell)");
  app.add_option("--report", o.report, "what was made and what it took, .json");
  app.add_option("--tile", o.tile, "side of a tile in pixels")->capture_default_str();
  app.add_option("--threads", o.threads, "threads that work (all cores)");
  app.add_option("--dtype", o.dtype, "float32 or bfloat16 (the fastest native one)");
  app.add_option("--cpu-kind", o.cpu_kind,
                 "kind of kernels, such as avx2, for the same bytes on several CPUs (the CPU's)");
  app.add_option("--date", o.date,
                 "date in the file, 2026-01-31 (SOURCE_DATE_EPOCH, else a constant)");
}

}  // namespace histoloom
