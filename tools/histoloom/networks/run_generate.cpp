#include <fmt/format.h>

#include "histoloom/job/generate_spec.h"
#include "histoloom/job/inpaint_job.h"
#include "histoloom/job/slide_job.h"
#include "network_commands.h"
#include "pinned_kernels.h"

namespace histoloom {

namespace {

Run probe_of(const GenerateSpec& spec) {
  auto job = std::make_shared<SlideJob>(spec);
  return [job](Progress& progress) {
    fmt::print("{}", job->probe(progress));
    return 0;
  };
}

template <class Job>
Run run_of(const GenerateSpec& spec, bool dry_run) {
  auto job = std::make_shared<Job>(spec);
  return [job, dry_run, out = spec.out](Progress& progress) {
    if (dry_run) {
      fmt::print("{}", job->describe());
      return 0;
    }
    job->run(progress);
    fmt::print("{}\n", out.string());
    return 0;
  };
}

}  // namespace

Subcommand generate_command(CLI::App* app, std::shared_ptr<GenerateCommand> command) {
  return {app,
          [command]() -> Run {
            GenerateArguments& a = command->arguments;
            a.date = date_or_epoch(a.date);
            GenerateSpec spec = parse(a);
            spec.json_forecast = command->json;
            const auto* slide = std::get_if<NewSlide>(&spec.what);
            if (slide == nullptr) return run_of<InpaintJob>(spec, command->dry_run);
            return slide->only_crop ? probe_of(spec) : run_of<SlideJob>(spec, command->dry_run);
          },
          {},
          [command] { pin_kernels(command->arguments.cpu_kind); }};
}

}  // namespace histoloom
