// The stage that makes a slide's labels and writes them to files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/bundle/bundle.h"
#include "histoloom/core/progress.h"
#include "histoloom/core/replaceable.h"
#include "histoloom/job/label_spec.h"
#include "histoloom/labels/label_field.h"
#include "histoloom/labels/section_plan.h"
#include "label_painter.h"
#include "label_shares.h"
#include "network_source.h"
#include "section_choice.h"

namespace histoloom {

// The stages that write what `files` asks for, of a slide of this size.
std::vector<ExpectedStage> label_file_stages(const LabelFiles& files, PixelSize size);

class LabelStage {
 public:
  // Looks at no file. All arguments outlive it. `painter`: nothing for labels that a mask or a layout
  // gives. \error UserError as section_choice().
  LabelStage(const LabelSpec& spec, const LabelFiles& files, const ModelBundle& bundle,
             std::unique_ptr<LabelPainter> painter);

  // What the section is laid out with, once read() has been called; nothing if the model says nothing
  // of sections.
  const std::optional<SectionFacts>& section() const { return section_facts_; }
  // Whether a mask denoiser paints the labels, and the prompt that it is given.
  bool paints() const { return painter_ != nullptr; }
  std::string prompt() const { return painter_ ? painter_->prompt() : ""; }
  // Bytes on disk and of memory that painting takes; 0 unless it paints.
  std::uint64_t disk() const { return painter_ ? painter_->disk() : 0; }
  std::uint64_t memory() const { return painter_ ? painter_->memory() : 0; }
  // What painting will take; loads the network. The labels have been read.
  std::optional<CanvasForecast> forecast(NetworkSource& networks) const;

  // `mask_option`: what the user calls the label pyramid by. \error UserError that names the option
  // unless what is asked for can be written.
  void check_outputs(const Replaceable& replace, const char* mask_option) const;
  // Makes the labels, or their outline where their classes are painted. \error UserError.
  void read();
  // Warns of what the user may not have meant, and logs the shares of the labels.
  void tell(Progress& progress) const;
  // What the user may not have meant; empty: nothing.
  const std::string& warning() const { return warning_; }
  // The shares of the labels, or of the outline until paint() has been called.
  const std::vector<LabelShare>& shares() const { return shares_; }
  // The share of cells that are no glass.
  double tissue_fraction() const;
  // The labels, or their outline until paint() has been called.
  const LabelField& field() const { return *field_; }
  // Paints the classes and removes specks. Throws as PaintStage::run().
  void paint(NetworkSource& networks, const CanvasStore& store, PaintedPart done,
             std::function<void(PaintedPart, const DiffusionReport&)> committed, Progress& progress,
             DiffusionReport& report);
  // Writes the label pyramid and the annotations that were asked for.
  void write(Progress& progress) const;

 private:
  std::unique_ptr<LabelField> in_section(std::unique_ptr<LabelField> labels);
  void set_field(std::unique_ptr<LabelField> field);
  void write_pyramid(Progress& progress) const;

  const LabelSpec& spec_;
  const LabelFiles& files_;
  const ModelBundle& bundle_;
  pyramid::WriterOptions writer_;
  std::unique_ptr<LabelPainter> painter_;
  std::optional<SectionChoice> section_;
  std::optional<SectionPlan> plan_;  // of the outline, until the labels are there
  std::optional<SectionFacts> section_facts_;
  std::unique_ptr<LabelField> field_;
  std::vector<LabelShare> shares_;  // of field_, all of which is read for them
  std::string warning_;             // of a mask; empty: none
};

}  // namespace histoloom
