#include "painting_options.h"

#include <CLI/CLI.hpp>

namespace histoloom {

namespace {

void add_sampling_options(CLI::App& app, GenerateArguments& o) {
  app.add_option("--steps", o.steps, "diffusion steps (the model's)");
  app.add_option("--sampler", o.sampler, "dpm++ or ddim (the model's)");
  app.add_option("--spacing", o.spacing,
                 "time or log_snr: what lies evenly between steps (the model's)");
  app.add_option("--eta", o.eta, "0 follows the ODE, 1 adds the noise of the SDE (the model's)");
  app.add_option("--plan", o.plan, "shifted or random crops (the model's)");
  app.add_option("--guidance", o.guidance, "omega: (1+omega)*cond - omega*uncond (the model's)");
  app.add_option("--context-guidance", o.context_guidance,
                 "the same for what is seen of the coarser stage (the model's)");
  app.add_option("--consistency", o.consistency,
                 "0 to 1: pull of each step to the coarser stage's colours (the model's)");
  app.add_option("--guidance-interval", o.guidance_interval,
                 "LO,HI: fraction of the schedule in which guidance runs (the model's)");
}

void add_run_options(CLI::App& app, GenerateArguments& o) {
  app.add_option("--work", o.work, "where latents and state live (OUT.work)");
  app.add_flag("--resume", o.resume, "continue the unfinished job in the work directory");
  app.add_flag("--allow-other-cpu", o.allow_other_cpu,
               "continue it with kernels of another kind, which round otherwise");
  app.add_option("--only-crop", o.only_crop,
                 "STEP,X,Y: run one crop of an unfinished job again, tell of it, write nothing");
  app.add_option("--memory", o.memory,
                 "budget of cache, strips, batches and tiles (1GiB, or what the slide takes)");
  app.add_option("--device", o.device, "cpu")->capture_default_str();
  app.add_flag("--force", o.force, "replace files that are there, start an unfinished job over");
}

void add_output_options(CLI::App& app, GenerateArguments& o) {
  app.add_option("--profile", o.profile, "generic, svs or ome (by the name of OUT)");
  app.add_option("--compression", o.compression, "jpeg, deflate, lzw or none")
      ->capture_default_str();
  app.add_option("--quality", o.quality, "of JPEG, 1 to 100")->capture_default_str();
  app.add_option("--associated", o.associated,
                 "pictures in an svs (needs its thumbnail) or ome: none or some of "
                 "label,macro,thumbnail (all)");
  app.add_option("--mask-out", o.mask_out, "label pyramid, .tif; read reduced levels as pages");
  app.add_option("--thumbnail", o.thumbnail, "picture of the slide, .png");
}

}  // namespace

void add_painting_options(CLI::App& app, GenerateCommand& command) {
  GenerateArguments& arguments = command.arguments;
  add_sampling_options(app, arguments);
  add_run_options(app, arguments);
  add_output_options(app, arguments);
  CLI::Option* dry_run =
      app.add_flag("--dry-run", command.dry_run, "say what would be done and write nothing");
  app.add_flag("--json", command.json, "say it as a JSON object")->needs(dry_run);
}

}  // namespace histoloom
