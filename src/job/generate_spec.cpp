#include "histoloom/job/generate_spec.h"

#include <fmt/format.h>

#include <array>

#include "given_stage.h"
#include "histoloom/core/ascii.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/job/mask_spec.h"
#include "histoloom/job/option_values.h"
#include "histoloom/labels/annotation_file.h"
#include "option_checks.h"
#include "outputs.h"

namespace histoloom {

namespace {

// The value that `text` names, if it is given.
template <class Enum>
std::optional<Enum> parse_choice(const std::optional<std::string>& text, const char* option) {
  if (!text) return std::nullopt;
  const std::optional<Enum> value = parse_enum<Enum>(*text);
  require_option(value.has_value(),
                 fmt::format("{} must be {}, got '{}'", option, names_of<Enum>(), *text));
  return value;
}

SamplingSpec parse_sampling(const GenerateArguments& a) {
  SamplingSpec out;
  out.steps = a.steps;
  out.eta = a.eta;
  out.guidance = a.guidance;
  out.context_guidance = a.context_guidance;
  out.consistency = a.consistency;
  if (a.steps)
    require_option(*a.steps >= 1, fmt::format("--steps must be at least 1, got {}", *a.steps));
  out.solver = parse_choice<SolverKind>(a.sampler, "--sampler");
  out.spacing = parse_choice<Spacing>(a.spacing, "--spacing");
  out.plan = parse_choice<PlanKind>(a.plan, "--plan");
  for (const auto& [value, option] :
       {std::pair{a.eta, "--eta"}, std::pair{a.consistency, "--consistency"}})
    if (value)
      require_option(*value >= 0 && *value <= 1,
                     fmt::format("{} must be from 0 to 1, got {}", option, *value));
  for (const auto& [value, option] :
       {std::pair{a.guidance, "--guidance"}, std::pair{a.context_guidance, "--context-guidance"}})
    if (value)
      require_option(*value >= 0 && *value <= 100,
                     fmt::format("{} must be from 0 to 100, got {}", option, *value));
  if (a.guidance_interval) out.interval = parse_guidance_interval(*a.guidance_interval);
  return out;
}

std::filesystem::path work_directory(const GenerateArguments& a) {
  return a.work.empty() ? std::filesystem::path(a.out.string() + ".work") : a.work;
}

pyramid::Profile profile_of(const GenerateArguments& a) {
  return a.profile.empty() ? pyramid::profile_for(a.out) : pyramid::parse_profile(a.profile);
}

void check_paths(const GenerateArguments& a) {
  require_option(!a.out.empty(), "-o OUT is needed, such as -o slide.svs");
  static_cast<void>(profile_of(a));
  require_ending(a.thumbnail, ".png", "--thumbnail");
  require_ending(a.preview, ".png", "--preview");
  require_names_of_their_own({a.out, manifest_path(a.out), a.mask_out, a.annotations, a.thumbnail,
                              a.preview, a.picture, a.report, a.mask, a.mask_colors, layout_file(a),
                              a.inpaint, a.region_file, work_directory(a)});
}

// The labels of a slide are by the cells of its finest stage.
void check_stage(const GenerateArguments& a) {
  if (a.stage.empty()) return;
  require_option(a.mask_out.empty(), "--mask-out doesn't go with --stage, whose slide is smaller");
  require_option(a.annotations.empty(),
                 "--annotations doesn't go with --stage, whose slide is smaller");
}

// With --inpaint OUT is a copy of SLIDE, so nothing that describes a new slide goes with it.
void check_inpainting(const GenerateArguments& a) {
  if (a.inpaint.empty()) {
    require_option(a.region.empty(), "--region needs --inpaint SLIDE");
    require_option(a.region_file.empty(), "--region-file needs --inpaint SLIDE");
    require_option(a.class_name.empty(), "--class needs --inpaint SLIDE");
    require_option(!a.any_scale, "--any-scale needs --inpaint SLIDE");
    return;
  }
  require_option(a.only_crop.empty(), "--only-crop doesn't go with --inpaint");
  require_option(
      a.region.empty() != a.region_file.empty(),
      "--inpaint needs the part to paint anew: --region X,Y,W,H or --region-file FILE.geojson");
  require_option(
      a.region_file.empty() || is_annotation_name(a.region_file.string()),
      fmt::format("--region-file must end in .geojson or .json, got '{}'", a.region_file.string()));
  require_option(a.class_name.empty() || a.mask.empty(),
                 "--class and --mask both say what the region shows; give one of them");
  require_option(a.prompt.empty(), "--prompt doesn't go with --inpaint, which keeps the slide");
  require_option(!a.tumour_share,
                 "--tumour-share doesn't go with --inpaint, which keeps the slide");
  require_option(!a.masses, "--masses doesn't go with --inpaint, which keeps the slide");
  require_option(a.mask_out.empty(), "--mask-out doesn't go with --inpaint, which keeps the slide");
  require_option(a.annotations.empty(),
                 "--annotations doesn't go with --inpaint, which keeps the slide");
  require_option(a.thumbnail.empty(),
                 "--thumbnail doesn't go with --inpaint, which keeps the slide");
  require_option(a.preview.empty(), "--preview doesn't go with --inpaint, which keeps the slide");
  require_option(a.stage.empty(), "--stage doesn't go with --inpaint, which keeps the slide");
  require_option(
      ending_of(a.out) == ending_of(a.inpaint),
      fmt::format("-o OUT must end in '{}', as the slide of which it is a copy, got '{}'",
                  a.inpaint.extension().string(), a.out.string()));
}

pyramid::WriterOptions slide_writer(const GenerateArguments& a, PixelSize size) {
  pyramid::WriterOptions writer;
  writer.size = size;
  writer.profile = profile_of(a);
  writer.compression = pyramid::parse_compression(a.compression);
  writer.quality = a.quality;
  writer.tile = a.tile;
  if (!a.associated.empty())
    writer.associated_images = with_context(
        "--associated", [&] { return pyramid::parse_associated(a.associated, writer.profile); });
  pyramid::validate(writer);
  return writer;
}

// A slide that is painted under a picture has its size, and glass where it shows glass.
PixelSize parse_picture(const GenerateArguments& a, std::optional<GivenPicture>& out) {
  if (a.picture_mpp)
    require_option(*a.picture_mpp >= 0.01 && *a.picture_mpp <= 1000,
                   fmt::format("--mpp must be from 0.01 to 1000, got {}", *a.picture_mpp));
  out = given_picture(a.picture, a.picture_mpp);
  return size_of_refined(*out, a.model);
}

// The labels of a slide that is painted under a picture: those of --mask, else none.
void take_outline(const GenerateArguments& a, LabelSpec& labels) {
  if (!a.mask.empty()) return;
  LayoutSource outline;
  outline.name = a.picture.string();
  outline.unlabelled = true;
  labels.source = outline;
}

// The size of a slide that is inpainted is its own, and unknown yet.
std::optional<PixelSize> own_size(const GenerateArguments& a,
                                  std::optional<GivenPicture>& picture) {
  if (!a.inpaint.empty()) return kDefaultSize;
  if (!a.picture.empty()) return parse_picture(a, picture);
  return std::nullopt;
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

GenerateSpec parse(const GenerateArguments& a) {
  check_paths(a);
  check_inpainting(a);
  check_stage(a);
  std::optional<GivenPicture> picture;
  MaskJobSpec shared = parse(a, own_size(a, picture));
  if (picture) take_outline(a, shared.labels);
  GenerateSpec out;
  out.sampling = parse_sampling(a);
  out.machine = shared.machine;
  choose_kernels(a, out.machine);
  if (!a.memory.empty())
    out.machine.memory = {a.memory,
                          with_context("--memory", [&] { return parse_byte_size(a.memory); })};
  require_option(a.device == "cpu",
                 fmt::format("--device must be cpu in this version, got '{}'", a.device));
  out.out = a.out;
  out.model = a.model;
  out.report = a.report;
  out.seed = a.seed;
  out.tile = a.tile;
  out.date = job_date(a.date);
  out.work = {work_directory(a), !a.work.empty(), a.resume || !a.only_crop.empty(),
              a.allow_other_cpu};
  out.force = a.force;
  if (!a.inpaint.empty()) {
    out.what = parse_inpainting(a);
    return out;
  }
  const pyramid::WriterOptions writer = slide_writer(a, shared.labels.size);
  NewSlide slide{std::move(shared.labels),
                 std::move(shared.files),
                 writer,
                 a.thumbnail,
                 a.preview,
                 a.stage,
                 {},
                 picture};
  if (!a.only_crop.empty()) slide.only_crop = parse_crop_choice(a.only_crop);
  out.what = std::move(slide);
  return out;
}

}  // namespace histoloom
