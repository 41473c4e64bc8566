#include "histoloom/labels/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "histoloom/core/error.h"
#include "sample_cells.h"
#include "tissue_outline.h"
#include "tissue_regions.h"

namespace histoloom {

namespace {

std::vector<LabelId> tissue_classes(const LabelSet& labels) {
  std::vector<LabelId> classes;
  for (const Label& label : labels.labels()) {
    if (label.id != labels.unknown() && label.id != labels.glass()) classes.push_back(label.id);
  }
  if (classes.empty()) {
    throw UserError(
        fmt::format("a layout needs a label of tissue, but the labels are {}", labels.describe()));
  }
  return classes;
}

void validate(const LayoutOptions& options) {
  if (!(options.tissue_fraction >= 0 && options.tissue_fraction <= 1)) {
    throw UserError(fmt::format("the tissue fraction of a layout must be from 0 to 1, got {}",
                                options.tissue_fraction));
  }
  if (!(options.microns_per_cell > 0) || !std::isfinite(options.microns_per_cell)) {
    throw UserError(fmt::format("microns per cell of a layout must be a positive number, got {}",
                                options.microns_per_cell));
  }
  if (options.pieces < 0 || options.pieces > kMostPieces) {
    throw UserError(fmt::format("the pieces of a layout must be from 1 to {}, got {}", kMostPieces,
                                options.pieces));
  }
}

// Visits the cells of a rectangle row by row with their centres, as `out` holds them.
template <class Visit>
void for_each_cell(const CellRect& rect, LabelId* out, Visit&& visit) {
  for (std::int64_t y = rect.y0; y < rect.y1; ++y)
    for (std::int64_t x = rect.x0; x < rect.x1; ++x)
      visit(*out++, static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5);
}

class UniformField final : public LabelField {
 public:
  UniformField(CellSize size, LabelId id) : size_(size), id_(id) {}
  CellSize size() const override { return size_; }
  void read(const CellRect& rect, LabelId* out) const override {
    std::fill_n(out, rect.area(), id_);
  }

 private:
  CellSize size_;
  LabelId id_;
};

class OutlineField final : public LabelField {
 public:
  OutlineField(CellSize size, const LabelSet& labels, const LayoutOptions& options)
      : size_(size),
        tissue_(labels.unknown()),
        glass_(*labels.glass()),
        outline_(size, options, sample_cells(size, options.seed)) {}
  CellSize size() const override { return size_; }
  void read(const CellRect& rect, LabelId* out) const override {
    for_each_cell(rect, out, [&](LabelId& id, double x, double y) {
      id = outline_.is_tissue(x, y) ? tissue_ : glass_;
    });
  }

 private:
  CellSize size_;
  LabelId tissue_, glass_;
  TissueOutline outline_;
};

// Those of the samples whose class is to be decided.
std::vector<CellCentre> open_cells(const LabelField& outline, LabelId unknown, std::uint64_t seed) {
  std::vector<CellCentre> samples = sample_cells(outline.size(), seed);
  keep_open(samples, outline, unknown);
  return samples;
}

class FilledField final : public LabelField {
 public:
  FilledField(std::unique_ptr<LabelField> outline, const LabelSet& labels,
              const LayoutOptions& options)
      : outline_(std::move(outline)),
        unknown_(labels.unknown()),
        regions_(tissue_classes(labels), options, open_cells(*outline_, unknown_, options.seed)) {}
  CellSize size() const override { return outline_->size(); }
  void read(const CellRect& rect, LabelId* out) const override {
    outline_->read(rect, out);
    for_each_cell(rect, out, [&](LabelId& id, double x, double y) {
      if (id == unknown_) id = regions_.class_at(x, y);
    });
  }

 private:
  std::unique_ptr<LabelField> outline_;
  LabelId unknown_;
  TissueRegions regions_;
};

}  // namespace

std::optional<LayoutKind> parse_layout_kind(std::string_view name) {
  if (name == "tissue") return LayoutKind::tissue;
  if (name == "biopsy") return LayoutKind::biopsy;
  if (name == "tma") return LayoutKind::tma;
  if (name == "full") return LayoutKind::full;
  return std::nullopt;
}

std::unique_ptr<LabelField> make_outline(CellSize size, const LabelSet& labels,
                                         const LayoutOptions& options) {
  validate(options);
  if (options.kind == LayoutKind::full || !labels.glass())
    return std::make_unique<UniformField>(size, labels.unknown());
  return std::make_unique<OutlineField>(size, labels, options);
}

std::unique_ptr<LabelField> fill_outline(std::unique_ptr<LabelField> outline,
                                         const LabelSet& labels, const LayoutOptions& options) {
  validate(options);
  return std::make_unique<FilledField>(std::move(outline), labels, options);
}

std::unique_ptr<LabelField> make_layout(CellSize size, const LabelSet& labels,
                                        const LayoutOptions& options) {
  return fill_outline(make_outline(size, labels, options), labels, options);
}

}  // namespace histoloom
