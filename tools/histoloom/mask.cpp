#include <fmt/format.h>

#include "histoloom/job/mask_job.h"
#include "label_options.h"
#include "subcommands.h"

namespace histoloom {

void add_mask(CLI::App& program, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<LabelArguments>();
  CLI::App* app = program.add_subcommand("mask", "make or convert the labels of a slide alone");
  app->add_option("-o,--out", arguments->mask_out, "the label pyramid, .tif")->required();
  add_label_options(*app, *arguments);
  app->add_flag("--force", arguments->force, "replace files that are there");
  out.push_back({app, [arguments]() -> Run {
                   arguments->date = date_or_epoch(arguments->date);
                   auto job = std::make_shared<MaskJob>(parse(*arguments));
                   return [job, arguments](Progress& progress) {
                     job->run(progress);
                     fmt::print("{}\n", arguments->mask_out.string());
                     return 0;
                   };
                 }});
}

}  // namespace histoloom
