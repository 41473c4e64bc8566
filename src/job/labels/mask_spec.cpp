#include "histoloom/job/mask_spec.h"

#include <fmt/format.h>

#include "histoloom/core/ascii.h"
#include "histoloom/core/cpu_count.h"
#include "histoloom/core/error.h"
#include "histoloom/job/option_values.h"
#include "histoloom/labels/annotations.h"
#include "histoloom/vocabulary/section.h"
#include "option_checks.h"

namespace histoloom {

namespace {

constexpr int kMaxTile = 4096;

void check_section(const LabelArguments& a) {
  require_option(
      a.mask.empty() || (!a.tumour_share && !a.masses),
      "--tumour-share and --masses lay out labels that are painted; leave them out where "
      "--mask gives them");
  if (a.tumour_share)
    require_option(*a.tumour_share >= 0 && *a.tumour_share <= 1,
                   fmt::format("--tumour-share must be from 0 to 1, got {}", *a.tumour_share));
  if (a.masses)
    require_option(*a.masses >= 1 && *a.masses <= kMostMasses,
                   fmt::format("--masses must be from 1 to {}, got {}", kMostMasses, *a.masses));
}

LayoutSource parse_layout(const LabelArguments& a) {
  const std::optional<LayoutKind> kind = parse_layout_kind(a.layout);
  require_option(
      kind || std::filesystem::path(a.layout).has_extension(),
      fmt::format("--layout must be tissue, biopsy, tma, full or a picture such as outline.png, "
                  "got '{}'",
                  a.layout));
  if (a.tissue_fraction)
    require_option(
        *a.tissue_fraction >= 0 && *a.tissue_fraction <= 1,
        fmt::format("--tissue-fraction must be from 0 to 1, got {}", *a.tissue_fraction));
  if (a.pieces)
    require_option(*a.pieces >= 1 && *a.pieces <= kMostPieces,
                   fmt::format("--pieces must be from 1 to {}, got {}", kMostPieces, *a.pieces));
  check_section(a);
  const bool generated = a.mask.empty() && kind.value_or(LayoutKind::full) != LayoutKind::full;
  require_option(
      generated || (!a.tissue_fraction && !a.pieces),
      "--tissue-fraction and --pieces need --layout tissue, biopsy or tma; leave them out");
  require_option(a.mask_colors.empty() || !a.mask.empty(),
                 "--mask-colors says what the colours of a mask mean; give --mask, too");
  return {a.layout, kind, a.tissue_fraction, a.pieces, a.prompt, a.tumour_share, a.masses};
}

// The label pyramid's options; its writer would refuse them only once labels are there.
pyramid::WriterOptions label_writer(const LabelArguments& a, PixelSize size) {
  require_option(
      a.tile >= 16 && a.tile <= kMaxTile && a.tile % 16 == 0,
      fmt::format("--tile must be a multiple of 16 from 16 to {}, got {}", kMaxTile, a.tile));
  pyramid::WriterOptions writer;
  writer.size = size;
  writer.channels = 1;
  writer.compression = pyramid::Compression::deflate;
  writer.reduction = pyramid::Reduction::mode;
  writer.tile = a.tile;
  writer.levels = a.mask_levels.value_or(0);
  pyramid::validate(writer);
  return writer;
}

void check_label_files(const LabelArguments& a) {
  if (!a.mask_out.empty())
    require_option(
        ending_of(a.mask_out) == ".tif" || ending_of(a.mask_out) == ".tiff",
        fmt::format("the label pyramid must end in .tif, got '{}'", a.mask_out.string()));
  if (a.mask_levels) {
    require_option(!a.mask_out.empty(),
                   "--mask-levels is how many levels the label pyramid has; give --mask-out, too");
    require_option(*a.mask_levels >= 1 && *a.mask_levels <= pyramid::kMostLevels,
                   fmt::format("--mask-levels must be from 1 to {}, got {}", pyramid::kMostLevels,
                               *a.mask_levels));
  }
  if (!a.annotations.empty())
    require_option(
        annotation_format(a.annotations).has_value(),
        fmt::format("--annotations must end in .geojson (QuPath) or .xml (ASAP), got '{}'",
                    a.annotations.string()));
  require_option(!a.simplify || !a.annotations.empty(),
                 "--simplify is how far annotations may be off; give --annotations, too");
  require_ending(a.report, ".json", "--report");
}

MachineSpec parse_machine(const LabelArguments& a) {
  require_option(a.threads >= 0 && a.threads <= 1024,
                 fmt::format("--threads must be from 1 to 1024, got {}", a.threads));
  MachineSpec out;
  out.threads = threads_for(a.threads);
  return out;
}

// Whether this CPU computes in it is asked where networks are at hand.
DType parse_dtype(const LabelArguments& a) {
  require_option(a.dtype.empty() || a.dtype == "float32" || a.dtype == "bfloat16",
                 fmt::format("--dtype must be float32 or bfloat16, got '{}'", a.dtype));
  return a.dtype.empty() ? DType::float32 : *parse_enum<DType>(a.dtype);
}

}  // namespace

MaskJobSpec parse(const LabelArguments& a, std::optional<PixelSize> size) {
  MaskJobSpec out;
  if (!a.mask.empty() && !a.prompt.empty())
    throw UserError(
        "--prompt is for labels that are painted; leave it out where --mask gives them");
  require_option(a.background.empty() || !a.mask.empty(),
                 "--background is the label of a mask's unlabelled pixels; give --mask, too");
  require_option(
      a.background.empty() || !a.keep_unknown,
      "--background and --keep-unknown both say what unlabelled pixels are; give one of them");
  check_label_files(a);
  require_names_of_their_own(
      {a.mask_out, a.annotations, a.report, a.mask, a.mask_colors, layout_file(a)});
  out.labels.source = parse_layout(a);
  if (const auto mask = mask_of(a)) out.labels.source = *mask;
  out.labels.seed = a.seed;
  out.labels.size = size ? *size : size_of(a);
  out.machine = parse_machine(a);
  out.files = {a.mask_out, a.annotations, a.simplify, label_writer(a, out.labels.size)};
  out.machine.dtype = parse_dtype(a);
  out.files.writer.threads = out.machine.threads;
  out.files.writer.date = job_date(a.date);
  out.model = a.model;
  out.report = a.report;
  out.force = a.force;
  return out;
}

MaskJobSpec parse(const LabelArguments& a) { return parse(a, std::nullopt); }

}  // namespace histoloom
