// The labels of a slide as a user wants them, and the files that they are written to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "histoloom/core/geometry.h"
#include "histoloom/labels/layout.h"
#include "histoloom/pyramid/options.h"

namespace histoloom {

// Labels that a file gives.
struct MaskSource {
  std::filesystem::path file{}, colours{};  // `colours` may be empty
  bool keep_unknown = false;                // unlabelled tissue stays so
  std::string background{};  // label of what has none: a name or an id; empty: tissue
};

// Labels of a layout: where tissue lies; a mask denoiser or noise says which tissue.
struct LayoutSource {
  std::string name = "tissue";     // kind or picture, as the user gave it
  std::optional<LayoutKind> kind;  // kind; missing if `name` is a picture
  std::optional<double> tissue_fraction;
  std::optional<int> pieces;
  std::string prompt;  // context prompt; empty: the bundle's first
  // Choices of what the section holds; missing: the bundle's.
  std::optional<double> tumour_share{};
  std::optional<int> masses{};
  bool unlabelled = false;  // whether nothing says which tissue it is: it stays unknown
};

// The labels of a slide.
struct LabelSpec {
  PixelSize size;
  std::uint64_t seed = 0;
  std::variant<LayoutSource, MaskSource> source;
};

// The files that labels are written to; empty: none.
struct LabelFiles {
  std::filesystem::path mask_out, annotations;
  std::optional<double> simplify;  // pixels; half a cell
  pyramid::WriterOptions writer;   // options of mask_out, without what a bundle says
};

}  // namespace histoloom
