#include <CLI/CLI.hpp>

#include "label_options.h"
#include "network_commands.h"

namespace histoloom {

void add_mask(CLI::App& program, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<LabelArguments>();
  CLI::App* app = program.add_subcommand("mask", "make or convert the labels of a slide alone");
  app->add_option("-o,--out", arguments->mask_out, "the label pyramid, .tif")->required();
  add_label_options(*app, *arguments);
  app->add_flag("--force", arguments->force, "replace files that are there");
  out.push_back(mask_command(app, arguments));
}

}  // namespace histoloom
