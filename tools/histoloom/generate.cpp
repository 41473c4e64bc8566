#include <CLI/CLI.hpp>

#include "label_options.h"
#include "network_commands.h"
#include "painting_options.h"

namespace histoloom {

namespace {

void add_stage_options(CLI::App& app, GenerateArguments& o) {
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
  add_painting_options(*app, *command);
  add_stage_options(*app, arguments);
  add_inpainting_options(*app, arguments);
  out.push_back(generate_command(app, command));
}

}  // namespace histoloom
