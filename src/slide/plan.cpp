#include "plan.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"
#include "histoloom/pyramid/checkpoint.h"
#include "histoloom/slide/version.h"
#include "label_stage.h"

namespace histoloom {

namespace {

// Cells that are painted around the slide and not shown: the outermost cells of a canvas are always
// the outermost of a patch, and the network has seen nothing beyond those.
constexpr std::int64_t kMargin = 4;

DiffusionOptions diffusion_of_job(const GenerateOptions& o, const ModelBundle& bundle) {
  DiffusionOptions out = diffusion_options(bundle.defaults);
  if (o.steps) out.steps = *o.steps;
  if (out.steps > bundle.schedule.steps)
    throw UserError(fmt::format("--steps must be at most {}, the model's schedule, got {}",
                                bundle.schedule.steps, out.steps));
  if (o.sampler) out.solver = *parse_solver_kind(*o.sampler);
  if (o.spacing) out.spacing = *parse_spacing(*o.spacing);
  if (o.eta) out.eta = *o.eta;
  if (o.guidance) out.guidance = *o.guidance;
  if (o.guidance_interval) out.interval = parse_guidance_interval(*o.guidance_interval);
  if (o.plan) out.plan = *parse_plan_kind(*o.plan);
  out.tapered_steps = std::min(out.tapered_steps, out.steps);
  out.seed = o.seed;
  return out;
}

}  // namespace

DiffusionOptions diffusion_options(const SamplingDefaults& d) {
  DiffusionOptions out;
  out.steps = d.steps;
  out.solver = *parse_solver_kind(d.sampler);
  out.spacing = *parse_spacing(d.spacing);
  out.eta = d.eta;
  out.guidance = d.guidance;
  out.interval = {d.guidance_interval[0], d.guidance_interval[1]};
  out.plan = *parse_plan_kind(d.plan);
  return out;
}

JobPlan make_plan_of_job(const GenerateOptions& o, const ModelBundle& bundle) {
  JobPlan plan;
  plan.slide_cells = latent_size_for(o.size, bundle.downsampling);
  plan.origin = {kMargin, kMargin};
  plan.canvas = {std::max<std::int64_t>(plan.slide_cells.width + 2 * kMargin, bundle.patch),
                 std::max<std::int64_t>(plan.slide_cells.height + 2 * kMargin, bundle.patch)};
  plan.diffusion = diffusion_of_job(o, bundle);
  plan.dtype = dtype_of(o);
  plan.date = job_date(o.date);
  plan.threads = threads_of(o);
  plan.diffusion.threads = plan.threads;
  // Two generations, and the chunks that a commit writes beside those that it replaces; of x0 too,
  // where the solver keeps it.
  plan.disk_latents = (keeps_x0(plan.diffusion.solver) ? 6 : 3) *
                      latent_array_bytes(bundle.latent_channels, plan.canvas, plan.store_type);
  // JPEG of tissue takes about 0.4 bytes a pixel at quality 80; the pyramid a third more.
  const double bytes_a_pixel = o.compression == "jpeg" ? 1.0 : 3.1;
  plan.disk_slide =
      static_cast<std::uint64_t>(static_cast<double>(o.size.area()) * bytes_a_pixel * 1.34);
  plan.disk_checkpoint = 2 * pyramid::checkpoint_bound(slide_writer_options(o, plan, bundle));
  return plan;
}

pyramid::WriterOptions slide_writer_options(const GenerateOptions& o, const JobPlan& plan,
                                            const ModelBundle& bundle) {
  pyramid::WriterOptions w;
  w.size = o.size;
  w.profile = o.profile.empty() ? pyramid::profile_for(o.out) : pyramid::parse_profile(o.profile);
  w.compression = pyramid::parse_compression(o.compression);
  w.quality = o.quality;
  w.tile = o.tile;
  w.threads = plan.threads;
  w.mpp = bundle.mpp;
  w.objective_power = static_cast<int>(bundle.magnification);
  w.software = fmt::format("Histoloom {}", kVersion);
  w.title = fmt::format("{} seed {}", bundle.name, o.seed);
  w.description =
      fmt::format("Synthetic slide, model {} {}, seed {}", bundle.name, bundle.version, o.seed);
  w.date = plan.date;
  w.label_lines = {bundle.name, fmt::format("seed {}", o.seed), plan.date.substr(0, 10)};
  return w;
}

nlohmann::ordered_json job_json(const GenerateOptions& o, const JobPlan& plan,
                                const ModelBundle& bundle, const std::string& model_sha256,
                                const std::string& labels_sha256, const std::string& prompt) {
  const DiffusionOptions& d = plan.diffusion;
  return {{"version", kVersion},
          {"size", {o.size.width, o.size.height}},
          {"seed", o.seed},
          {"model", {{"name", bundle.name}, {"sha256", model_sha256}}},
          {"labels",
           {{"source", o.mask.empty() ? "layout " + o.layout : "mask"},
            {"prompt", prompt},
            {"sha256", labels_sha256}}},
          {"steps", d.steps},
          {"sampler", name_of(d.solver)},
          {"spacing", name_of(d.spacing)},
          {"eta", d.eta},
          {"guidance", d.guidance},
          {"guidance_interval", d.interval},
          {"plan", d.plan == PlanKind::random ? "random" : "shifted"},
          {"batch", bundle.batch},
          {"tile", o.tile},  // the period of the glass that tissue borders on
          {"dtype", name_of(plan.dtype)}};
}

std::string text_of(const nlohmann::ordered_json& json) { return json.dump(2) + "\n"; }

}  // namespace histoloom
