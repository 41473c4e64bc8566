#include "histoloom/slide/options.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/diffusion/patch_plan.h"
#include "histoloom/diffusion/random_patch.h"
#include "histoloom/labels/annotations.h"
#include "histoloom/labels/layout.h"
#include "histoloom/pyramid/options.h"
#include "outputs.h"

namespace histoloom {

namespace {

constexpr int kMaxTile = 4096;
constexpr std::string_view kConstantDate = "2026-01-01T00:00:00";

void require(bool holds, std::string message) {
  if (!holds) throw UserError(std::move(message));
}

template <class Number>
bool parse_number(std::string_view text, Number& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

void check_sampling(const GenerateOptions& o) {
  if (o.steps) require(*o.steps >= 1, fmt::format("--steps must be at least 1, got {}", *o.steps));
  if (o.sampler)
    require(parse_solver_kind(*o.sampler).has_value(),
            fmt::format("--sampler must be dpm++ or ddim, got '{}'", *o.sampler));
  if (o.spacing)
    require(parse_spacing(*o.spacing).has_value(),
            fmt::format("--spacing must be time or log_snr, got '{}'", *o.spacing));
  if (o.plan)
    require(parse_plan_kind(*o.plan).has_value(),
            fmt::format("--plan must be shifted or random, got '{}'", *o.plan));
  if (o.eta)
    require(*o.eta >= 0 && *o.eta <= 1, fmt::format("--eta must be from 0 to 1, got {}", *o.eta));
  if (o.guidance)
    require(*o.guidance >= 0 && *o.guidance <= 100,
            fmt::format("--guidance must be from 0 to 100, got {}", *o.guidance));
  if (o.guidance_interval) static_cast<void>(parse_guidance_interval(*o.guidance_interval));
}

void require_ending(const std::filesystem::path& path, std::string_view ending,
                    const char* option) {
  if (!path.empty())
    require(path.extension() == ending,
            fmt::format("{} must end in {}, got '{}'", option, ending, path.string()));
}

void require_names_of_their_own(std::initializer_list<std::filesystem::path> paths) {
  for (auto a = paths.begin(); a != paths.end(); ++a)
    for (auto b = a + 1; b != paths.end(); ++b)
      require(a->empty() || b->empty() || meant_by(*a) != meant_by(*b),
              fmt::format("'{}' is named twice; every file needs a name of its own", a->string()));
}

// A picture that --layout names; empty where it names a kind of layout.
std::filesystem::path layout_file(const SceneOptions& o) {
  return parse_layout_kind(o.layout) ? std::filesystem::path() : std::filesystem::path(o.layout);
}

void check_layout(const SceneOptions& o) {
  require(
      parse_layout_kind(o.layout) || std::filesystem::path(o.layout).has_extension(),
      fmt::format("--layout must be tissue, biopsy, tma, full or a picture such as outline.png, "
                  "got '{}'",
                  o.layout));
  if (o.tissue_fraction)
    require(*o.tissue_fraction >= 0 && *o.tissue_fraction <= 1,
            fmt::format("--tissue-fraction must be from 0 to 1, got {}", *o.tissue_fraction));
  if (o.pieces)
    require(*o.pieces >= 1 && *o.pieces <= kMostPieces,
            fmt::format("--pieces must be from 1 to {}, got {}", kMostPieces, *o.pieces));
  const bool generated =
      o.mask.empty() && parse_layout_kind(o.layout).value_or(LayoutKind::full) != LayoutKind::full;
  require(generated || (!o.tissue_fraction && !o.pieces),
          "--tissue-fraction and --pieces need --layout tissue, biopsy or tma; leave them out");
  require(o.mask_colors.empty() || !o.mask.empty(),
          "--mask-colors says what the colours of a mask mean; give --mask, too");
}

// A label pyramid of such tiles can be written. Its writer would say so only once labels are there.
void check_tile(const SceneOptions& o) {
  require(o.tile >= 16 && o.tile <= kMaxTile && o.tile % 16 == 0,
          fmt::format("--tile must be a multiple of 16 from 16 to {}, got {}", kMaxTile, o.tile));
  pyramid::WriterOptions writer;
  writer.size = o.size;
  writer.channels = 1;
  writer.compression = pyramid::Compression::deflate;
  writer.tile = o.tile;
  pyramid::validate(writer);
}

void check_label_files(const SceneOptions& o) {
  if (!o.mask_out.empty())
    require(o.mask_out.extension() == ".tif" || o.mask_out.extension() == ".tiff",
            fmt::format("--mask-out must end in .tif, got '{}'", o.mask_out.string()));
  if (!o.annotations.empty())
    require(annotation_format(o.annotations).has_value(),
            fmt::format("--annotations must end in .geojson (QuPath) or .xml (ASAP), got '{}'",
                        o.annotations.string()));
  require(!o.simplify || !o.annotations.empty(),
          "--simplify is how far annotations may be off; give --annotations, too");
  require_ending(o.report, ".json", "--report");
}

void check_paths(const GenerateOptions& o) {
  require(!o.out.empty(), "-o OUT is needed, such as -o slide.svs");
  if (o.profile.empty())
    static_cast<void>(pyramid::profile_for(o.out));
  else
    static_cast<void>(pyramid::parse_profile(o.profile));
  require_ending(o.thumbnail, ".png", "--thumbnail");
  require_names_of_their_own({o.out, manifest_path(o.out), o.mask_out, o.annotations, o.thumbnail,
                              o.report, o.mask, o.mask_colors, layout_file(o), o.inpaint,
                              o.region_file, work_directory(o)});
}

// With --inpaint OUT is a copy of SLIDE, so nothing that describes a new slide goes with it.
void check_inpainting(const GenerateOptions& o) {
  if (o.inpaint.empty()) {
    require(o.region.empty(), "--region needs --inpaint SLIDE");
    require(o.region_file.empty(), "--region-file needs --inpaint SLIDE");
    require(o.class_name.empty(), "--class needs --inpaint SLIDE");
    require(!o.any_scale, "--any-scale needs --inpaint SLIDE");
    return;
  }
  require(o.region.empty() != o.region_file.empty(),
          "--inpaint needs the part to paint anew: --region X,Y,W,H or --region-file FILE.geojson");
  require_ending(o.region_file, ".geojson", "--region-file");
  require(o.class_name.empty() || o.mask.empty(),
          "--class and --mask both say what the region shows; give one of them");
  require(o.prompt.empty(), "--prompt doesn't go with --inpaint, which keeps the slide");
  require(o.mask_out.empty(), "--mask-out doesn't go with --inpaint, which keeps the slide");
  require(o.annotations.empty(), "--annotations doesn't go with --inpaint, which keeps the slide");
  require(o.thumbnail.empty(), "--thumbnail doesn't go with --inpaint, which keeps the slide");
  require(o.out.extension() == o.inpaint.extension(),
          fmt::format("-o OUT must end in '{}', as the slide of which it is a copy, got '{}'",
                      o.inpaint.extension().string(), o.out.string()));
}

}  // namespace

PixelSize parse_size(std::string_view text) {
  PixelSize size;
  const std::size_t x = text.find('x');
  if (x == std::string_view::npos || !parse_number(text.substr(0, x), size.width) ||
      !parse_number(text.substr(x + 1), size.height) || size.width < kMinSide ||
      size.height < kMinSide || size.width > kMaxSide || size.height > kMaxSide)
    throw UserError(fmt::format(
        "--size must be WIDTHxHEIGHT in pixels, each from {} to {}, such as 4096x4096; got '{}'",
        kMinSide, kMaxSide, text));
  return size;
}

std::array<double, 2> parse_guidance_interval(std::string_view text) {
  std::array<double, 2> out{};
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos || !parse_number(text.substr(0, comma), out[0]) ||
      !parse_number(text.substr(comma + 1), out[1]) ||
      !(out[0] >= 0 && out[0] <= out[1] && out[1] <= 1))
    throw UserError(
        fmt::format("--guidance-interval must be LO,HI with 0 <= LO <= HI <= 1, got '{}'", text));
  return out;
}

void validate(const SceneOptions& o) {
  if (!o.mask.empty() && !o.prompt.empty())
    throw UserError(
        "--prompt is for labels that are painted; leave it out where --mask gives them");
  check_label_files(o);
  require_names_of_their_own(
      {o.mask_out, o.annotations, o.report, o.mask, o.mask_colors, layout_file(o)});
  check_layout(o);
  require(o.threads >= 0 && o.threads <= 1024,
          fmt::format("--threads must be from 1 to 1024, got {}", o.threads));
  check_tile(o);
  require(o.dtype.empty() || o.dtype == "float32" || o.dtype == "bfloat16",
          fmt::format("--dtype must be float32 or bfloat16, got '{}'", o.dtype));
  static_cast<void>(job_date(o.date));
}

void validate(const GenerateOptions& o) {
  check_paths(o);
  check_inpainting(o);
  validate(static_cast<const SceneOptions&>(o));
  check_sampling(o);
  if (!o.memory.empty()) with_context("--memory", [&] { parse_byte_size(o.memory); });
  require(o.device == "cpu",
          fmt::format("--device must be cpu in this version, got '{}'", o.device));

  pyramid::WriterOptions writer;
  writer.size = o.size;
  writer.profile =
      o.profile.empty() ? pyramid::profile_for(o.out) : pyramid::parse_profile(o.profile);
  writer.compression = pyramid::parse_compression(o.compression);
  writer.quality = o.quality;
  writer.tile = o.tile;
  pyramid::validate(writer);
}

std::string job_date(const std::string& date) {
  const std::string text = date.empty() ? std::string(kConstantDate) : date;
  // One rule for what a date is: the pyramid's.
  pyramid::WriterOptions writer;
  writer.size = {kMinSide, kMinSide};
  writer.date = text;
  with_context("--date", [&] { pyramid::validate(writer); });
  return text;
}

std::string date_of_epoch(std::string_view epoch) {
  std::int64_t seconds = 0;
  require(parse_number(epoch, seconds) && seconds >= 0 && seconds < 253'402'300'800,
          fmt::format("SOURCE_DATE_EPOCH must be seconds since 1970, got '{}'", epoch));
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char buffer[32];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &parts);
  return buffer;
}

std::filesystem::path work_directory(const GenerateOptions& o) {
  return o.work.empty() ? std::filesystem::path(o.out.string() + ".work") : o.work;
}

}  // namespace histoloom
