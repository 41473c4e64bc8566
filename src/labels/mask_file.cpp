#include "histoloom/labels/mask_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "annotation_mask.h"
#include "histoloom/core/error.h"
#include "histoloom/core/readable.h"
#include "histoloom/labels/annotation_file.h"
#include "histoloom/labels/cell_votes.h"
#include "histoloom/pictures/vips_reader.h"
#include "mask_colours.h"

namespace histoloom {

namespace {

constexpr const char* kSaveAsIds = "save it with one band of 8 bits whose values are label ids";

// An image whose values are label ids, or colours that stand for labels, read row by row.
class MaskRows {
 public:
  MaskRows(const std::filesystem::path& path, const LabelSet& labels,
           const std::filesystem::path& colours)
      : path_(path.string()), labels_(labels) {
    if (!colours.empty()) colours_ = MaskColours::read(colours, labels);
    colours_ ? open_colours(path) : open_ids(path);
    if (colours_ && image_->format() != "uchar") {
      throw UserError(
          fmt::format("mask {} has pixels of type {}; {}", path_, image_->format(), kSaveAsIds));
    }
  }

  PixelSize size() const { return image_->size(); }

  void read(std::int64_t y, std::vector<LabelId>& ids) {
    const auto bands = static_cast<std::size_t>(image_->bands());
    ids.resize(static_cast<std::size_t>(image_->size().width));
    pixels_.resize(ids.size() * bands);
    image_->read_rows(y, 1, pixels_.data());
    for (std::size_t x = 0; x < ids.size(); ++x)
      ids[x] = colours_ ? id_of_colour(&pixels_[x * bands], x, y)
                        : checked(static_cast<LabelId>(pixels_[x]), x, y);
  }

 private:
  void open_ids(const std::filesystem::path& path) {
    image_ = std::make_unique<VipsReader>(
        path, PixelsAs::ids, ", or say with --mask-colors which label each of its colours is");
  }

  void open_colours(const std::filesystem::path& path) {
    image_ = std::make_unique<VipsReader>(path, PixelsAs::colours);
    if (image_->bands() != 3 && image_->bands() != 4)
      throw UserError(fmt::format(
          "mask {} has {} bands, --mask-colors needs one in RGB; leave --mask-colors out", path_,
          image_->bands()));
  }

  LabelId checked(LabelId id, std::size_t x, std::int64_t y) const {
    if (!labels_.find(id)) refuse_id(id, x, y);
    return id;
  }

  LabelId id_of_colour(const std::uint8_t* rgb, std::size_t x, std::int64_t y) const {
    if (const std::optional<LabelId> id = colours_->find(rgb)) return *id;
    throw UserError(fmt::format(
        "mask {} has the color [{}, {}, {}] at pixel ({}, {}), which --mask-colors lacks; add it",
        path_, rgb[0], rgb[1], rgb[2], x, y));
  }

  [[noreturn]] void refuse_id(LabelId id, std::size_t x, std::int64_t y) const {
    throw UserError(
        fmt::format("mask {} has the value {} at pixel ({}, {}), which is no label id; the labels "
                    "are {}",
                    path_, id, x, y, labels_.describe()));
  }

  std::string path_;
  const LabelSet& labels_;
  std::optional<MaskColours> colours_;
  std::unique_ptr<VipsReader> image_;
  std::vector<std::uint8_t> pixels_;
};

struct WholeNumbers {
  std::int64_t first;
  std::int64_t last;
};

// The k for which ceil(whole / k) == part.
WholeNumbers reductions(std::int64_t whole, std::int64_t part) {
  const std::int64_t last =
      part > 1 ? (whole - 1) / (part - 1) : std::numeric_limits<std::int64_t>::max();
  return {divide_up(whole, part), last};
}

// How many pixels of the slide a pixel of the mask stands for, along either axis.
std::int64_t find_reduction(PixelSize mask, PixelSize slide, const std::string& path) {
  const WholeNumbers x = reductions(slide.width, mask.width);
  const WholeNumbers y = reductions(slide.height, mask.height);
  const std::int64_t k = std::max(x.first, y.first);
  if (k <= std::min(x.last, y.last)) return k;
  throw UserError(fmt::format(
      "mask {} has {}x{} px, which does not fit a slide of {}x{} px: it must have that size, or "
      "that size divided by a whole number; change --size or resize the mask",
      path, mask.width, mask.height, slide.width, slide.height));
}

// Splits the pixels [begin, end) of the slide at the borders of cells: visit(cell, pixels).
template <class Visit>
void for_each_cell(std::int64_t begin, std::int64_t end, std::int64_t factor, Visit&& visit) {
  while (begin < end) {
    const std::int64_t cell = begin / factor;
    const std::int64_t stop = std::min(end, (cell + 1) * factor);
    visit(cell, stop - begin);
    begin = stop;
  }
}

}  // namespace

std::unique_ptr<LabelField> read_mask(const std::filesystem::path& path, const LabelSet& labels,
                                      PixelSize slide, int factor, const MaskReading& how) {
  check_internal(!slide.empty() && factor > 0, "a mask is read for an empty slide");
  if (is_annotation_name(path.string())) {
    require_readable(path, "a mask");
    if (!how.colours.empty())
      throw UserError(fmt::format("mask {} has classes by their names; leave --mask-colors out",
                                  path.string()));
    return mask_of_annotations(
        *open_annotation_file(path), path.string(), labels,
        {slide, factor, how.outside_polygons.value_or(labels.glass().value_or(labels.unknown()))});
  }
  MaskRows rows(path, labels, how.colours);
  const std::int64_t k = find_reduction(rows.size(), slide, path.string());
  auto grid = std::make_unique<LabelGrid>(latent_size_for(slide, factor), labels.unknown());

  // Each row of the mask votes in the rows of cells that it touches; a row of cells is decided
  // once its last pixel row has voted.
  CellVotes votes(grid->size().width, labels);
  std::vector<LabelId> ids;
  for (std::int64_t y = 0; y < rows.size().height; ++y) {
    rows.read(y, ids);
    const std::int64_t end = std::min((y + 1) * k, slide.height);
    for_each_cell(y * k, end, factor, [&](std::int64_t cell_y, std::int64_t height) {
      for (std::int64_t x = 0; x < rows.size().width; ++x) {
        const LabelId id = ids[static_cast<std::size_t>(x)];
        for_each_cell(x * k, std::min((x + 1) * k, slide.width), factor,
                      [&](std::int64_t cell_x, std::int64_t width) {
                        votes.add(cell_x, id, width * height);
                      });
      }
      if (end < std::min((cell_y + 1) * factor, slide.height)) return;
      for (std::int64_t x = 0; x < grid->size().width; ++x)
        grid->at({x, cell_y}) = votes.take_winner(x);
    });
  }
  return grid;
}

}  // namespace histoloom
