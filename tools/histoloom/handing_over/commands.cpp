// What histoloom itself does of the commands that may need networks.
#include <fmt/format.h>

#include "histoloom/job/given_mask_job.h"
#include "network_commands.h"

namespace histoloom {

namespace {

// `options`: what the parser writes into.
Subcommand handed_over(CLI::App* app, std::shared_ptr<void> options) {
  return {.app = app, .prepare = {}, .needs_networks = [options] { return true; }};
}

Run mask_run(LabelArguments& arguments) {
  arguments.date = date_or_epoch(arguments.date);
  auto job = std::make_shared<GivenMaskJob>(parse(arguments));
  return [job, out = arguments.mask_out](Progress& progress) {
    job->run(progress);
    fmt::print("{}\n", out.string());
    return 0;
  };
}

}  // namespace

Subcommand generate_command(CLI::App* app, std::shared_ptr<GenerateCommand> command) {
  return handed_over(app, std::move(command));
}

Subcommand mask_command(CLI::App* app, std::shared_ptr<LabelArguments> arguments) {
  return {.app = app,
          .prepare = [arguments] { return mask_run(*arguments); },
          .needs_networks = [arguments] { return arguments->mask.empty(); }};
}

Subcommand evaluate_command(CLI::App* app, std::shared_ptr<EvaluateCommand> command) {
  return handed_over(app, std::move(command));
}

Subcommand import_command(CLI::App* app, std::shared_ptr<ImportCommand> command) {
  return handed_over(app, std::move(command));
}

Subcommand train_command(CLI::App* app, std::shared_ptr<TrainCommand> command) {
  return handed_over(app, std::move(command));
}

}  // namespace histoloom
