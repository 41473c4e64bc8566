#include <CLI/CLI.hpp>

#include "label_options.h"
#include "network_commands.h"
#include "painting_options.h"

namespace histoloom {

void add_refine(CLI::App& program, std::vector<Subcommand>& out) {
  auto command = std::make_shared<GenerateCommand>();
  GenerateArguments& arguments = command->arguments;
  CLI::App* app = program.add_subcommand(
      "refine", "paint the finer stages of a slide under a picture of low magnification");
  app->add_option("picture", arguments.picture, "a thumbnail, a slide or a drawing")->required();
  app->add_option("-o,--out", arguments.out, "the slide: .svs, .ome.tif or .tif")->required();
  app->add_option("--mpp", arguments.picture_mpp,
                  "microns a pixel of the picture (those that it states)");
  add_mask_options(*app, arguments);
  add_painting_options(*app, *command);
  out.push_back(generate_command(app, command));
}

}  // namespace histoloom
