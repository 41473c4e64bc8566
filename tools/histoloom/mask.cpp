#include <fmt/format.h>

#include "histoloom/slide/mask_job.h"
#include "scene_options.h"
#include "subcommands.h"

namespace histoloom {

namespace {

struct MaskArguments {
  SceneOptions options;
  std::string size = "4096x4096";
};

}  // namespace

void add_mask(CLI::App& program, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<MaskArguments>();
  SceneOptions& o = arguments->options;
  CLI::App* app = program.add_subcommand("mask", "make or convert the labels of a slide alone");
  app->add_option("-o,--out", o.mask_out, "the label pyramid, .tif")->required();
  add_scene_options(*app, o, arguments->size);
  app->add_flag("--force", o.force, "replace files that are there");
  out.push_back({app, [arguments]() -> Work {
                   SceneOptions& options = arguments->options;
                   options.size = parse_size(arguments->size);
                   options.date = date_or_epoch(options.date);
                   auto job = std::make_shared<MaskJob>(options);
                   return [job, arguments](Progress& progress) {
                     job->run(progress);
                     fmt::print("{}\n", arguments->options.mask_out.string());
                     return 0;
                   };
                 }});
}

}  // namespace histoloom
