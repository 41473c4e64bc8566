#include "mask_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "histoloom/core/error.h"
#include "histoloom/labels/annotation_file.h"
#include "histoloom/labels/mask_file.h"
#include "histoloom/labels/packed_field.h"
#include "histoloom/labels/tidy.h"
#include "histoloom/pictures/vips_reader.h"
#include "label_shares.h"
#include "layout_options.h"

namespace histoloom {

namespace {

constexpr double kWholeNumber = 0.02;  // how far a ratio of scales may be off one, as a share of it

// The label of a name, or of an id in digits.
LabelId background_id(const std::string& text, const LabelSet& labels) {
  const Label* label = labels.find(std::string_view(text));
  int id = -1;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool digits = code == std::errc() && end == text.data() + text.size();
  if (label == nullptr && digits && id >= 0 && id <= 255)
    label = labels.find(static_cast<LabelId>(id));
  if (label == nullptr || label->id == labels.unknown())
    throw UserError(
        fmt::format("--background must be a label of the model other than unknown ({}), got '{}'",
                    labels.describe(), text));
  return label->id;
}

// A mask of two values mostly tells tissue, or one kind of it, from a background.
std::string warning_of(const MaskSource& mask, const LabelField& field, const LabelSet& labels) {
  const std::vector<LabelShare> shares = label_shares(field, labels);
  const auto there = [&](bool unknown) {
    return std::count_if(shares.begin(), shares.end(), [&](const LabelShare& share) {
      return share.share > 0 && (share.label.id == labels.unknown()) == unknown;
    });
  };
  if (there(/*unknown=*/true) == 0 || there(/*unknown=*/false) != 1) return {};
  const Label* glass = labels.glass() ? labels.find(*labels.glass()) : nullptr;
  return fmt::format(
      "mask {} holds nothing but {}: {} is painted as tissue, too; --background LABEL says what it "
      "is{}",
      mask.file.string(), text_of(shares), labels.find(labels.unknown())->name,
      glass == nullptr ? "" : fmt::format(", such as --background {}", glass->name));
}

// A field whose unknown cells are of the background.
class OnBackground final : public LabelField {
 public:
  OnBackground(std::unique_ptr<LabelField> field, LabelId unknown, LabelId background)
      : field_(std::move(field)), unknown_(unknown), background_(background) {}

  CellSize size() const override { return field_->size(); }
  void read(const CellRect& rect, LabelId* out) const override {
    field_->read(rect, out);
    std::replace(out, out + rect.area(), unknown_, background_);
  }

 private:
  std::unique_ptr<LabelField> field_;
  LabelId unknown_, background_;
};

}  // namespace

MaskLabels read_mask_labels(const MaskSource& mask, PixelSize size, std::uint64_t seed,
                            const ModelBundle& bundle) {
  const LabelSet& labels = bundle.labels;
  std::optional<LabelId> background;
  if (!mask.background.empty()) background = background_id(mask.background, labels);
  auto field = read_mask(mask.file, labels, size, bundle.latent.downsampling,
                         {.colours = mask.colours, .outside_polygons = background});
  if (background)
    return {packed_field(OnBackground(std::move(field), labels.unknown(), *background)), {}};
  if (mask.keep_unknown) return {packed_field(*field), {}};
  std::string warning = warning_of(mask, *field, labels);
  // Unknown tissue gets the classes that a seeded layout has there.
  const LayoutOptions layout = layout_options(LayoutSource{}, seed, bundle);
  return {packed_field(*fill_outline(without_gaps(std::move(field), labels), labels, layout)),
          std::move(warning)};
}

PixelSize size_of_slide(const std::filesystem::path& mask, const std::filesystem::path& model) {
  if (is_annotation_name(mask.string()))
    throw UserError(fmt::format(
        "--size is needed with --mask {}: annotations don't say how large their slide is",
        mask.string()));
  const VipsReader image(mask);
  if (!image.mpp()) return image.size();
  const double ratio = *image.mpp() / ModelBundle::read(model).mpp, whole = std::round(ratio);
  if (whole < 1 || std::abs(ratio - whole) > kWholeNumber * whole)
    throw UserError(
        fmt::format("mask {} states {:.4g} microns a pixel, {:.4g} times the model's; give --size",
                    mask.string(), *image.mpp(), ratio));
  const auto k = static_cast<std::int64_t>(whole);
  return {image.size().width * k, image.size().height * k};
}

}  // namespace histoloom
