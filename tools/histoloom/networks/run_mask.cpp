#include <fmt/format.h>

#include "histoloom/job/mask_job.h"
#include "histoloom/job/option_values.h"
#include "network_commands.h"
#include "pinned_kernels.h"

namespace histoloom {

Subcommand mask_command(CLI::App* app, std::shared_ptr<LabelArguments> arguments) {
  return {app,
          [arguments]() -> Run {
            arguments->date = date_or_epoch(arguments->date);
            MaskJobSpec spec = parse(*arguments);
            if (arguments->mask.empty()) choose_kernels(*arguments, spec.machine);
            auto job = std::make_shared<MaskJob>(spec);
            return [job, arguments](Progress& progress) {
              job->run(progress);
              fmt::print("{}\n", arguments->mask_out.string());
              return 0;
            };
          },
          {},
          [arguments] { pin_kernels(arguments->cpu_kind); }};
}

}  // namespace histoloom
