#include "histoloom/job/spec.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>
#include <thread>

#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/labels/annotations.h"
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

// The value that `text` names, if it is given.
template <class Enum>
std::optional<Enum> parse_choice(const std::optional<std::string>& text, const char* option) {
  if (!text) return std::nullopt;
  const std::optional<Enum> value = parse_enum<Enum>(*text);
  require(value.has_value(),
          fmt::format("{} must be {}, got '{}'", option, names_of<Enum>(), *text));
  return value;
}

SamplingSpec parse_sampling(const GenerateArguments& a) {
  SamplingSpec out;
  out.steps = a.steps;
  out.eta = a.eta;
  out.guidance = a.guidance;
  if (a.steps) require(*a.steps >= 1, fmt::format("--steps must be at least 1, got {}", *a.steps));
  out.solver = parse_choice<SolverKind>(a.sampler, "--sampler");
  out.spacing = parse_choice<Spacing>(a.spacing, "--spacing");
  out.plan = parse_choice<PlanKind>(a.plan, "--plan");
  if (a.eta)
    require(*a.eta >= 0 && *a.eta <= 1, fmt::format("--eta must be from 0 to 1, got {}", *a.eta));
  if (a.guidance)
    require(*a.guidance >= 0 && *a.guidance <= 100,
            fmt::format("--guidance must be from 0 to 100, got {}", *a.guidance));
  if (a.guidance_interval) out.interval = parse_guidance_interval(*a.guidance_interval);
  return out;
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
std::filesystem::path layout_file(const LabelArguments& a) {
  return parse_layout_kind(a.layout) ? std::filesystem::path() : std::filesystem::path(a.layout);
}

LayoutSource parse_layout(const LabelArguments& a) {
  const std::optional<LayoutKind> kind = parse_layout_kind(a.layout);
  require(
      kind || std::filesystem::path(a.layout).has_extension(),
      fmt::format("--layout must be tissue, biopsy, tma, full or a picture such as outline.png, "
                  "got '{}'",
                  a.layout));
  if (a.tissue_fraction)
    require(*a.tissue_fraction >= 0 && *a.tissue_fraction <= 1,
            fmt::format("--tissue-fraction must be from 0 to 1, got {}", *a.tissue_fraction));
  if (a.pieces)
    require(*a.pieces >= 1 && *a.pieces <= kMostPieces,
            fmt::format("--pieces must be from 1 to {}, got {}", kMostPieces, *a.pieces));
  const bool generated = a.mask.empty() && kind.value_or(LayoutKind::full) != LayoutKind::full;
  require(generated || (!a.tissue_fraction && !a.pieces),
          "--tissue-fraction and --pieces need --layout tissue, biopsy or tma; leave them out");
  require(a.mask_colors.empty() || !a.mask.empty(),
          "--mask-colors says what the colours of a mask mean; give --mask, too");
  return {a.layout, kind, a.tissue_fraction, a.pieces, a.prompt};
}

std::optional<MaskSource> mask_of(const LabelArguments& a) {
  if (a.mask.empty()) return std::nullopt;
  return MaskSource{a.mask, a.mask_colors, a.keep_unknown};
}

// The label pyramid's options; its writer would refuse them only once labels are there.
pyramid::WriterOptions label_writer(const LabelArguments& a, PixelSize size) {
  require(a.tile >= 16 && a.tile <= kMaxTile && a.tile % 16 == 0,
          fmt::format("--tile must be a multiple of 16 from 16 to {}, got {}", kMaxTile, a.tile));
  pyramid::WriterOptions writer;
  writer.size = size;
  writer.channels = 1;
  writer.compression = pyramid::Compression::deflate;
  writer.reduction = pyramid::Reduction::mode;
  writer.tile = a.tile;
  pyramid::validate(writer);
  return writer;
}

void check_label_files(const LabelArguments& a) {
  if (!a.mask_out.empty())
    require(a.mask_out.extension() == ".tif" || a.mask_out.extension() == ".tiff",
            fmt::format("--mask-out must end in .tif, got '{}'", a.mask_out.string()));
  if (!a.annotations.empty())
    require(annotation_format(a.annotations).has_value(),
            fmt::format("--annotations must end in .geojson (QuPath) or .xml (ASAP), got '{}'",
                        a.annotations.string()));
  require(!a.simplify || !a.annotations.empty(),
          "--simplify is how far annotations may be off; give --annotations, too");
  require_ending(a.report, ".json", "--report");
}

std::filesystem::path work_directory(const GenerateArguments& a) {
  return a.work.empty() ? std::filesystem::path(a.out.string() + ".work") : a.work;
}

pyramid::Profile profile_of(const GenerateArguments& a) {
  return a.profile.empty() ? pyramid::profile_for(a.out) : pyramid::parse_profile(a.profile);
}

void check_paths(const GenerateArguments& a) {
  require(!a.out.empty(), "-o OUT is needed, such as -o slide.svs");
  static_cast<void>(profile_of(a));
  require_ending(a.thumbnail, ".png", "--thumbnail");
  require_names_of_their_own({a.out, manifest_path(a.out), a.mask_out, a.annotations, a.thumbnail,
                              a.report, a.mask, a.mask_colors, layout_file(a), a.inpaint,
                              a.region_file, work_directory(a)});
}

// With --inpaint OUT is a copy of SLIDE, so nothing that describes a new slide goes with it.
void check_inpainting(const GenerateArguments& a) {
  if (a.inpaint.empty()) {
    require(a.region.empty(), "--region needs --inpaint SLIDE");
    require(a.region_file.empty(), "--region-file needs --inpaint SLIDE");
    require(a.class_name.empty(), "--class needs --inpaint SLIDE");
    require(!a.any_scale, "--any-scale needs --inpaint SLIDE");
    return;
  }
  require(a.only_crop.empty(), "--only-crop doesn't go with --inpaint");
  require(a.region.empty() != a.region_file.empty(),
          "--inpaint needs the part to paint anew: --region X,Y,W,H or --region-file FILE.geojson");
  require_ending(a.region_file, ".geojson", "--region-file");
  require(a.class_name.empty() || a.mask.empty(),
          "--class and --mask both say what the region shows; give one of them");
  require(a.prompt.empty(), "--prompt doesn't go with --inpaint, which keeps the slide");
  require(a.mask_out.empty(), "--mask-out doesn't go with --inpaint, which keeps the slide");
  require(a.annotations.empty(), "--annotations doesn't go with --inpaint, which keeps the slide");
  require(a.thumbnail.empty(), "--thumbnail doesn't go with --inpaint, which keeps the slide");
  require(a.out.extension() == a.inpaint.extension(),
          fmt::format("-o OUT must end in '{}', as the slide of which it is a copy, got '{}'",
                      a.inpaint.extension().string(), a.out.string()));
}

MachineSpec parse_machine(const LabelArguments& a) {
  require(a.threads >= 0 && a.threads <= 1024,
          fmt::format("--threads must be from 1 to 1024, got {}", a.threads));
  MachineSpec out;
  out.threads = a.threads > 0 ? a.threads
                              : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return out;
}

DType parse_dtype(const LabelArguments& a) {
  require(a.dtype.empty() || a.dtype == "float32" || a.dtype == "bfloat16",
          fmt::format("--dtype must be float32 or bfloat16, got '{}'", a.dtype));
  return a.dtype.empty() ? fastest_dtype() : *parse_enum<DType>(a.dtype);
}

pyramid::WriterOptions slide_writer(const GenerateArguments& a, PixelSize size) {
  pyramid::WriterOptions writer;
  writer.size = size;
  writer.profile = profile_of(a);
  writer.compression = pyramid::parse_compression(a.compression);
  writer.quality = a.quality;
  writer.tile = a.tile;
  pyramid::validate(writer);
  return writer;
}

Inpainting parse_inpainting(const GenerateArguments& a) {
  Inpainting out{.slide = a.inpaint,
                 .region = a.region_file,
                 .class_name = a.class_name,
                 .mask = mask_of(a),
                 .any_scale = a.any_scale};
  if (a.region_file.empty()) out.region = parse_region(a.region);
  return out;
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

MaskJobSpec parse(const LabelArguments& a) {
  MaskJobSpec out;
  out.labels.size = parse_size(a.size);
  if (!a.mask.empty() && !a.prompt.empty())
    throw UserError(
        "--prompt is for labels that are painted; leave it out where --mask gives them");
  check_label_files(a);
  require_names_of_their_own(
      {a.mask_out, a.annotations, a.report, a.mask, a.mask_colors, layout_file(a)});
  out.labels.source = parse_layout(a);
  if (const auto mask = mask_of(a)) out.labels.source = *mask;
  out.labels.seed = a.seed;
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

GenerateSpec parse(const GenerateArguments& a) {
  check_paths(a);
  check_inpainting(a);
  MaskJobSpec shared = parse(static_cast<const LabelArguments&>(a));
  GenerateSpec out;
  out.sampling = parse_sampling(a);
  out.machine = shared.machine;
  if (!a.memory.empty())
    out.machine.memory = {a.memory,
                          with_context("--memory", [&] { return parse_byte_size(a.memory); })};
  require(a.device == "cpu",
          fmt::format("--device must be cpu in this version, got '{}'", a.device));
  out.out = a.out;
  out.model = a.model;
  out.report = a.report;
  out.seed = a.seed;
  out.tile = a.tile;
  out.date = job_date(a.date);
  out.work = {work_directory(a), !a.work.empty(), a.resume || !a.only_crop.empty()};
  out.force = a.force;
  if (!a.inpaint.empty()) {
    out.what = parse_inpainting(a);
    return out;
  }
  const pyramid::WriterOptions writer = slide_writer(a, shared.labels.size);
  NewSlide slide{std::move(shared.labels), std::move(shared.files), writer, a.thumbnail, {}};
  if (!a.only_crop.empty()) slide.only_crop = parse_crop_choice(a.only_crop);
  out.what = std::move(slide);
  return out;
}

CropChoice parse_crop_choice(std::string_view text) {
  CropChoice out;
  const std::size_t first = text.find(','), second = text.find(',', first + 1);
  if (second == std::string_view::npos || !parse_number(text.substr(0, first), out.step) ||
      !parse_number(text.substr(first + 1, second - first - 1), out.cell.x) ||
      !parse_number(text.substr(second + 1), out.cell.y) || out.step < 1 || out.cell.x < 0 ||
      out.cell.y < 0)
    throw UserError(fmt::format(
        "--only-crop must be STEP,X,Y, a step from 1 and a cell, such as 3,120,64; got '{}'",
        text));
  return out;
}

PixelRect parse_region(std::string_view text) {
  std::array<std::int64_t, 4> n{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < n.size(); ++i) {
    const auto [next, code] = std::from_chars(at, end, n[i]);
    const bool last = i + 1 == n.size();
    if (code != std::errc() || n[i] < (i < 2 ? 0 : 1) || n[i] > std::int64_t{1} << 31 ||
        (last ? next != end : next == end || *next != ','))
      throw UserError(
          fmt::format("--region must be X,Y,W,H in pixels of the slide, such as 1000,2000,512,512; "
                      "got '{}'",
                      text));
    at = next + 1;
  }
  return PixelRect::at(PixelPoint{n[0], n[1]}, PixelSize{n[2], n[3]});
}

std::string job_date(const std::string& date) {
  const std::string text = date.empty() ? std::string(kConstantDate) : date;
  with_context("--date", [&] { pyramid::require_date(text); });
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

}  // namespace histoloom
