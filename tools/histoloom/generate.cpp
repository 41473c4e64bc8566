#include <CLI/CLI.hpp>

#include "label_options.h"
#include "network_commands.h"

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
  app.add_option("--preview", o.preview,
                 "picture of the coarsest stage, .png, as soon as it is painted");
  app.add_option("--stage", o.stage,
                 "end with this stage of the model and write its smaller slide");
}

void add_inpainting_options(CLI::App& app, GenerateArguments& o) {
  CLI::Option* slide = app.add_option(
      "--inpaint", o.inpaint, "paint a part of this slide anew; OUT is a copy with that part");
  app.add_option("--region", o.region, "X,Y,W,H: the part, in pixels at full resolution");
  app.add_option("--region-file", o.region_file, "the part as polygons, .geojson");
  app.add_flag("--any-scale", o.any_scale,
               "paint whatever the slide's microns a pixel, or where it says none");
  app.add_option("--class", o.class_name, "the label of the part (by --mask, else unknown)");
  // A copy has these from its slide.
  for (const char* name : {"--size", "--layout", "--tissue-fraction", "--pieces", "--keep-unknown",
                           "--profile", "--compression", "--quality", "--associated", "--tile"})
    slide->excludes(app.get_option(name));
}

}  // namespace

void add_generate(CLI::App& program, std::vector<Subcommand>& out) {
  auto command = std::make_shared<GenerateCommand>();
  GenerateArguments& arguments = command->arguments;
  CLI::App* app = program.add_subcommand("generate", "paint a slide: layout, then image");
  app->add_option("-o,--out", arguments.out, "the slide: .svs, .ome.tif or .tif")->required();
  add_label_options(*app, arguments);
  add_sampling_options(*app, arguments);
  add_run_options(*app, arguments);
  add_output_options(*app, arguments);
  CLI::Option* dry_run =
      app->add_flag("--dry-run", command->dry_run, "say what would be done and write nothing");
  app->add_flag("--json", command->json, "say it as a JSON object")->needs(dry_run);
  add_inpainting_options(*app, arguments);
  out.push_back(generate_command(app, command));
}

}  // namespace histoloom
