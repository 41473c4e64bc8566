#include "label_stage.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/core/version.h"
#include "histoloom/core/writable.h"
#include "histoloom/labels/annotations.h"
#include "histoloom/labels/layout.h"
#include "histoloom/labels/outline_file.h"
#include "histoloom/labels/packed_field.h"
#include "histoloom/labels/tidy.h"
#include "histoloom/pyramid/writer.h"
#include "layout_options.h"
#include "mask_labels.h"

namespace histoloom {

namespace {

// Of two cores of an EPYC (docs/formats.md, "Label pyramid"): 14 s of 100,000 × 100,000.
constexpr double kLabelPixelSeconds = 1.4e-9;

// Glass and unknown tissue, of a picture or a seed.
std::unique_ptr<LabelField> outline_of(const LabelSpec& spec, const LayoutSource& source,
                                       const ModelBundle& bundle) {
  const LayoutOptions layout = layout_options(source, spec.seed, bundle);
  const CellSize size = latent_size_for(spec.size, bundle.latent.downsampling);
  // Where no label is glass all is tissue.
  const bool whole = source.unlabelled && !bundle.labels.glass();
  return source.kind || whole ? make_outline(size, bundle.labels, layout)
                              : read_outline(source.name, size, bundle.labels, layout);
}

// Without specks, packed.
std::unique_ptr<LabelField> finished(std::unique_ptr<LabelField> labels) {
  const std::int64_t smallest = smallest_piece(labels->size());
  return packed_field(*without_specks(std::move(labels), smallest));
}

pyramid::WriterOptions label_writer(const LabelSpec& spec, const LabelFiles& files,
                                    const ModelBundle& bundle) {
  pyramid::WriterOptions writer = files.writer;
  writer.mpp = bundle.mpp;
  writer.objective_power = static_cast<int>(bundle.magnification);
  writer.software = fmt::format("Histoloom {}", kVersion);
  writer.title = fmt::format("{} seed {} labels", bundle.name, spec.seed);
  writer.description = fmt::format("Labels of a synthetic slide, model {} {}, seed {}", bundle.name,
                                   bundle.version, spec.seed);
  for (const Label& label : bundle.labels.labels())
    writer.classes.push_back({label.id, label.name, label.colour});
  return writer;
}

}  // namespace

std::vector<ExpectedStage> label_file_stages(const LabelFiles& files, PixelSize size) {
  std::vector<ExpectedStage> out;
  const double cost = kLabelPixelSeconds * static_cast<double>(size.area());
  if (!files.mask_out.empty()) out.push_back({.name = "writing labels", .cost = cost});
  if (!files.annotations.empty()) out.push_back({.name = "tracing labels", .cost = cost});
  return out;
}

LabelStage::LabelStage(const LabelSpec& spec, const LabelFiles& files, const ModelBundle& bundle,
                       std::unique_ptr<LabelPainter> painter)
    : spec_(spec),
      files_(files),
      bundle_(bundle),
      writer_(label_writer(spec, files, bundle)),
      painter_(std::move(painter)),
      section_(section_choice(spec, bundle, prompt())) {}

std::optional<CanvasForecast> LabelStage::forecast(NetworkSource& networks) const {
  if (!painter_) return std::nullopt;
  return painter_->forecast(*field_, networks);
}

void LabelStage::check_outputs(const Replaceable& replace, const char* mask_option) const {
  if (!files_.mask_out.empty())
    with_context((bundle_.directory / "model.json").string(), [&] { pyramid::validate(writer_); });
  for (const auto& [path, option] :
       {std::pair{files_.mask_out, mask_option}, std::pair{files_.annotations, "--annotations"}}) {
    if (path.empty()) continue;
    require_writable(path, option);
    require_new(path, replace, option);
  }
  if (files_.simplify)
    validate_tolerance(*files_.simplify, bundle_.latent.downsampling, "--simplify");
}

void LabelStage::read() {
  if (const auto* mask = std::get_if<MaskSource>(&spec_.source)) {
    MaskLabels labels = read_mask_labels(*mask, spec_.size, spec_.seed, bundle_);
    set_field(std::move(labels.field));
    warning_ = std::move(labels.warning);
    return;
  }
  const LayoutSource& layout = std::get<LayoutSource>(spec_.source);
  std::unique_ptr<LabelField> outline = outline_of(spec_, layout, bundle_);
  if (layout.unlabelled) return set_field(finished(std::move(outline)));
  if (painter_) outline = packed_field(*outline);
  if (section_) {
    plan_.emplace(*outline, bundle_.labels.unknown(), section_->options);
    section_facts_ = SectionFacts{section_->options.traits.tumour_share, plan_->masses()};
  }
  set_field(painter_
                ? std::move(outline)
                : finished(in_section(fill_outline(std::move(outline), bundle_.labels,
                                                   layout_options(layout, spec_.seed, bundle_)))));
}

void LabelStage::tell(Progress& progress) const {
  if (!warning_.empty()) progress.warn(warning_);
  progress.log(fmt::format("{}: {}", painter_ ? "outline" : "labels", text_of(shares_)));
  if (section_facts_) progress.log(fmt::format("section: {}", text_of(*section_facts_)));
}

std::unique_ptr<LabelField> LabelStage::in_section(std::unique_ptr<LabelField> labels) {
  if (!plan_) return labels;
  return lay_out_section(std::move(labels), *std::exchange(plan_, std::nullopt), section_->roles,
                         bundle_.labels.glass());
}

void LabelStage::set_field(std::unique_ptr<LabelField> field) {
  field_ = std::move(field);
  shares_ = label_shares(*field_, bundle_.labels);
}

double LabelStage::tissue_fraction() const {
  const std::optional<LabelId> glass = bundle_.labels.glass();
  std::int64_t tissue = 0, all = 0;
  for (const LabelShare& share : shares_) {
    all += share.cells;
    if (share.label.id != glass) tissue += share.cells;
  }
  return static_cast<double>(tissue) / static_cast<double>(all);
}

void LabelStage::paint(NetworkSource& networks, const CanvasStore& store, PaintedPart done,
                       std::function<void(PaintedPart, const DiffusionReport&)> committed,
                       Progress& progress, DiffusionReport& report) {
  check_internal(painter_ != nullptr, "labels that are not painted");
  set_field(finished(in_section(painter_->paint(std::move(field_), networks, store, done,
                                                std::move(committed), progress, report))));
}

void LabelStage::write_pyramid(Progress& progress) const {
  pyramid::PyramidWriter writer(files_.mask_out, writer_);
  const std::int64_t factor = bundle_.latent.downsampling, width = field_->size().width;
  const PixelSize size = spec_.size;
  std::vector<LabelId> cells(static_cast<std::size_t>(width));
  std::vector<std::uint8_t> row(static_cast<std::size_t>(size.width));
  progress.start_stage("writing labels", size.height, "rows");
  for (std::int64_t y = 0; y < field_->size().height; ++y) {
    field_->read({0, y, width, y + 1}, cells.data());
    for (std::int64_t x = 0; x < size.width; ++x)
      row[static_cast<std::size_t>(x)] = cells[static_cast<std::size_t>(x / factor)];
    const std::int64_t count = std::min(factor, size.height - y * factor);
    writer.write_rows({row.data(), {size.width, count}, /*channels=*/1, /*stride=*/0});
    progress.update(writer.rows_written());
    if (progress.stop_requested()) throw Interrupted("interrupted while writing labels");
  }
  writer.finish();
  progress.finish();
}

void LabelStage::write(Progress& progress) const {
  if (!files_.mask_out.empty()) write_pyramid(progress);
  if (files_.annotations.empty()) return;
  const int cell = bundle_.latent.downsampling;
  write_annotations(files_.annotations, *field_, bundle_.labels,
                    {spec_.size, cell, files_.simplify.value_or(0.5 * cell),
                     fmt::format("{} {} seed {}", bundle_.name, bundle_.version, spec_.seed)},
                    progress);
}

}  // namespace histoloom
