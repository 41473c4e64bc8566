#include <fmt/format.h>

#include <cmath>

#include "histoloom/core/error.h"
#include "histoloom/train/autoencoder_training.h"
#include "histoloom/train/denoiser_training.h"
#include "histoloom/train/mask_training.h"
#include "network_commands.h"
#include "network_space.h"

namespace histoloom {

namespace {

void print_end(const TrainingSummary& training) {
  if (training.end == TrainingEnd::no_patience)
    fmt::print("stopped early at step {}; the bundle has the weights of step {}, the best\n",
               training.steps, training.best_step);
  else if (training.end == TrainingEnd::stop_after)
    fmt::print("stopped after step {} as asked; --resume goes on\n", training.steps);
  else if (training.best_step < training.steps)
    fmt::print("the bundle has the weights of step {}, the best of {}\n", training.best_step,
               training.steps);
}

// The stages of a training; it may stop before its last step.
void expect_training(const std::string& network, bool encodes, Progress& progress) {
  progress.expect([&] {
    std::vector<ExpectedStage> stages;
    // Training images, then held-out ones if there are any: little beside thousands of steps.
    if (encodes) stages = {{.name = "encoding", .cost = 0.04}, {.name = "encoding", .cost = 0.01}};
    stages.push_back({.name = "training " + network, .cost = 1, .ends_early = true});
    return stages;
  });
}

void print_loss(const TrainingSummary& training) {
  print_end(training);
  fmt::print(
      "loss {}: {:.4f}\n",
      training.end == TrainingEnd::last_step ? "over the last tenth of the steps" : "at the end",
      training.loss);
}

TrainOptions parsed(TrainCommand& a) {
  for (const std::string& folder : a.folders) a.options.masks.push_back(parse_mask_folder(folder));
  for (const std::string& folder : a.coarser_folders) {
    a.options.masks.push_back(parse_mask_folder(folder));
    a.options.masks.back().coarser_only = true;
  }
  for (const std::string& slide : a.slides)
    a.options.data.slides.push_back(parse_training_slide(slide));
  a.options.dtype = a.dtype.empty()        ? fastest_dtype()
                    : a.dtype == "float32" ? DType::float32
                                           : DType::bfloat16;
  require_kernels(a.options.dtype);
  require_space_for("training", a.options.threads);
  if (!a.optimizer.empty())
    a.options.optimizer = a.optimizer == "muon" ? OptimizerKind::muon : OptimizerKind::adamw;
  return a.options;
}

Run autoencoder_run(TrainCommand& arguments) {
  const TrainOptions options = parsed(arguments);
  auto training = std::make_shared<AutoencoderTraining>(options);
  return Run([options, training](Progress& progress) {
    expect_training("autoencoder", /*encodes=*/false, progress);
    const AutoencoderReport r = training->run(progress);
    print_end(r.training);
    fmt::print("{} patches: PSNR {:.2f} dB, power spectrum off by at most {:.2f} dB\n",
               options.data.held_out_every > 0 ? "held-out" : "training", r.psnr, r.power_ratio_db);
    return 0;
  });
}

Run denoiser_run(TrainCommand& arguments) {
  auto training = std::make_shared<DenoiserTraining>(parsed(arguments));
  return Run([training](Progress& progress) {
    expect_training("denoiser", /*encodes=*/true, progress);
    print_loss(training->run(progress));
    return 0;
  });
}

Run mask_run(TrainCommand& arguments) {
  const TrainOptions options = parsed(arguments);
  auto training = std::make_shared<MaskTraining>(options);
  return Run([options, training](Progress& progress) {
    expect_training("mask", /*encodes=*/false, progress);
    const MaskReport r = training->run(progress);
    print_loss(r.training);
    if (!std::isnan(r.completion_accuracy))
      fmt::print("{} masks: {:.1f} % of the annotated cells guessed from the image\n",
                 options.data.held_out_every > 0 ? "held-out" : "training",
                 100 * r.completion_accuracy);
    return 0;
  });
}

Run run_of(TrainCommand& command) {
  switch (command.network) {
    case TrainedNetwork::autoencoder:
      return autoencoder_run(command);
    case TrainedNetwork::denoiser:
      return denoiser_run(command);
    case TrainedNetwork::mask:
      return mask_run(command);
  }
  throw InternalError("a network that is not trained");
}

}  // namespace

Subcommand train_command(CLI::App* app, std::shared_ptr<TrainCommand> command) {
  return {app, [command] { return run_of(*command); }};
}

}  // namespace histoloom
