#include "label_stage.h"

#include <fmt/format.h>

#include <thread>

#include "histoloom/core/error.h"
#include "histoloom/labels/annotations.h"
#include "histoloom/labels/layout.h"
#include "histoloom/labels/mask_file.h"
#include "histoloom/labels/outline_file.h"
#include "histoloom/labels/packed_field.h"
#include "histoloom/labels/tidy.h"
#include "histoloom/pyramid/writer.h"
#include "histoloom/slide/version.h"
#include "outputs.h"

namespace histoloom {

namespace {

LayoutOptions layout_options(const SceneOptions& o, const ModelBundle& bundle) {
  LayoutOptions layout;
  layout.kind = parse_layout_kind(o.layout).value_or(LayoutKind::full);
  layout.tissue_fraction = o.tissue_fraction.value_or(layout.tissue_fraction);
  layout.microns_per_cell = bundle.mpp * bundle.downsampling;
  layout.seed = o.seed;
  layout.pieces = o.pieces.value_or(0);
  return layout;
}

pyramid::WriterOptions pyramid_options(const SceneOptions& o, const ModelBundle& bundle,
                                       const LabelSet& labels) {
  pyramid::WriterOptions w;
  w.size = o.size;
  w.channels = 1;
  w.compression = pyramid::Compression::deflate;
  w.reduction = pyramid::Reduction::mode;
  w.tile = o.tile;
  w.threads = threads_of(o);
  w.mpp = bundle.mpp;
  w.objective_power = static_cast<int>(bundle.magnification);
  w.software = fmt::format("Histoloom {}", kVersion);
  w.title = fmt::format("{} seed {} labels", bundle.name, o.seed);
  w.description = fmt::format("Labels of a synthetic slide, model {} {}, seed {}", bundle.name,
                              bundle.version, o.seed);
  w.date = job_date(o.date);
  for (const Label& label : labels.labels())
    w.classes.push_back({label.id, label.name, label.colour});
  return w;
}

void write_pyramid(const SceneOptions& o, const ModelBundle& bundle, const LabelSet& labels,
                   const LabelField& field, Progress& progress) {
  pyramid::PyramidWriter writer(o.mask_out, pyramid_options(o, bundle, labels));
  const std::int64_t factor = bundle.downsampling, width = field.size().width;
  std::vector<LabelId> cells(static_cast<std::size_t>(width));
  std::vector<std::uint8_t> row(static_cast<std::size_t>(o.size.width));
  progress.start_stage("writing labels", o.size.height, "rows");
  for (std::int64_t y = 0; y < field.size().height; ++y) {
    field.read({0, y, width, y + 1}, cells.data());
    for (std::int64_t x = 0; x < o.size.width; ++x)
      row[static_cast<std::size_t>(x)] = cells[static_cast<std::size_t>(x / factor)];
    writer.write_rows(row.data(), std::min(factor, o.size.height - y * factor), /*stride=*/0);
    progress.update(writer.rows_written());
    if (progress.stop_requested()) throw Interrupted("interrupted while writing labels");
  }
  writer.finish();
  progress.finish();
}

AnnotationOptions annotation_options(const SceneOptions& o, const ModelBundle& bundle) {
  return {o.size, bundle.downsampling, o.simplify.value_or(0.5 * bundle.downsampling),
          fmt::format("{} {} seed {}", bundle.name, bundle.version, o.seed)};
}

// Glass and unknown tissue, of a picture or a seed.
std::unique_ptr<LabelField> read_layout(const SceneOptions& o, const ModelBundle& bundle,
                                        const LabelSet& labels) {
  const LayoutOptions layout = layout_options(o, bundle);
  const LatentSize size = latent_size_for(o.size, bundle.downsampling);
  return parse_layout_kind(o.layout) ? make_outline(size, labels, layout)
                                     : read_outline(o.layout, size, labels, layout);
}

}  // namespace

LabelSet read_label_set(const ModelBundle& bundle) {
  return LabelSet::parse(bundle.labels_json, (bundle.directory / "model.json").string());
}

std::unique_ptr<LabelField> make_labels(const SceneOptions& o, const ModelBundle& bundle,
                                        const LabelSet& labels) {
  const LayoutOptions layout = layout_options(o, bundle);
  if (!o.mask.empty()) {
    auto field = read_mask(o.mask, labels, o.size, bundle.downsampling, o.mask_colors);
    if (o.keep_unknown) return packed_field(*field);
    return packed_field(*fill_outline(without_gaps(std::move(field), labels), labels, layout));
  }
  return finished_labels(fill_outline(read_layout(o, bundle, labels), labels, layout));
}

std::unique_ptr<LabelField> make_open_layout(const SceneOptions& o, const ModelBundle& bundle,
                                             const LabelSet& labels) {
  return packed_field(*read_layout(o, bundle, labels));
}

std::unique_ptr<LabelField> finished_labels(std::unique_ptr<LabelField> painted) {
  const std::int64_t smallest = smallest_piece(painted->size());
  return packed_field(*without_specks(std::move(painted), smallest));
}

void check_label_outputs(const SceneOptions& o, const ModelBundle& bundle,
                         const Replaceable& replace) {
  if (!o.mask_out.empty())
    with_context((o.model / "model.json").string(),
                 [&] { pyramid::validate(pyramid_options(o, bundle, read_label_set(bundle))); });
  for (const auto& [path, option] :
       {std::pair{o.mask_out, "--mask-out"}, std::pair{o.annotations, "--annotations"},
        std::pair{o.report, "--report"}}) {
    if (path.empty()) continue;
    require_writable(path, option);
    require_new(path, replace, option);
  }
  if (o.simplify) validate_tolerance(*o.simplify, bundle.downsampling, "--simplify");
}

void write_labels(const SceneOptions& o, const ModelBundle& bundle, const LabelSet& labels,
                  const LabelField& field, Progress& progress) {
  if (!o.mask_out.empty()) write_pyramid(o, bundle, labels, field, progress);
  if (!o.annotations.empty())
    write_annotations(o.annotations, field, labels, annotation_options(o, bundle), progress);
}

DType dtype_of(const SceneOptions& o) {
  if (o.dtype.empty()) return fastest_dtype();
  return o.dtype == "float32" ? DType::float32 : DType::bfloat16;
}

std::string name_of(DType dtype) {
  return dtype == DType::float32 ? "float32" : dtype == DType::bfloat16 ? "bfloat16" : "float16";
}

int threads_of(const SceneOptions& o) {
  if (o.threads > 0) return o.threads;
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace histoloom
