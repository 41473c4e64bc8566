#include <fmt/format.h>

#include <cmath>

#include "histoloom/core/error.h"
#include "histoloom/train/autoencoder_training.h"
#include "histoloom/train/denoiser_training.h"
#include "histoloom/train/mask_training.h"
#include "subcommands.h"

namespace histoloom {

namespace {

struct TrainArguments {
  TrainOptions options;
  std::string dtype;                 // empty: the fastest
  std::string optimizer;             // empty: the network's
  std::vector<std::string> folders;  // of masks
  std::vector<std::string> slides;
};

void add_options(CLI::App& app, TrainArguments& a) {
  TrainOptions& o = a.options;
  app.add_option("--model", o.model, "bundle directory with model.json; its weights are trained")
      ->required();
  app.add_option("--checkpoint", o.checkpoint,
                 "file for weights, optimiser and step; log and curves are FILE.csv and FILE.png")
      ->required();
  app.add_flag("--resume", o.resume, "continue from the checkpoint");
  app.add_flag("--force", o.force,
               "start anew although the checkpoint exists; replace weights that this training did "
               "not make");
  app.add_option("--steps", o.steps, "optimiser steps")->capture_default_str();
  app.add_option("--stop-after", o.stop_after,
                 "step at which this run ends, to be resumed (0: at the last)");
  app.add_option("--batch", o.batch, "patches a step (16; 32 denoiser)");
  app.add_option("--optimizer", a.optimizer,
                 "adamw, or muon for the weights of convolutions (adamw; muon denoiser)")
      ->check(CLI::IsMember({"adamw", "muon"}));
  app.add_option("--learning-rate", o.learning_rate, "the optimiser's rate")->capture_default_str();
  app.add_option("--decay-share", o.decay_share, "share of the steps in which the rate falls to 0")
      ->capture_default_str();
  app.add_option("--ema", o.ema, "decay of the averaged weights")->capture_default_str();
  app.add_option("--checkpoint-every", o.checkpoint_every, "steps between checkpoints")
      ->capture_default_str();
  app.add_option("--held-out-every", o.data.held_out_every, "keep every n-th source for measuring");
  app.add_option("--source", o.data.source,
                 "regular expression: what in the file name of an image or slide tells its slide "
                 "or patient (each by itself)");
  app.add_option("--patience", o.patience,
                 "stop after so many checkpoints without a lower held-out loss, 0: never")
      ->capture_default_str();
  add_seed(app, o.seed, "seed of weights, crops and noise");
  app.add_option("--threads", o.threads, "threads (all)");
  app.add_option("--dtype", a.dtype, "of convolutions and matrix products (the fastest native one)")
      ->check(CLI::IsMember({"bfloat16", "float32"}));
}

void add_slides(CLI::App& app, TrainArguments& a) {
  app.add_option("--slides", a.slides,
                 "slides that OpenSlide reads; SLIDE:LABELS.geojson with QuPath's annotations");
  app.add_option("--regions", a.options.data.regions,
                 "regions of 1024 px taken at most from a slide of more than 16 megapixels")
      ->capture_default_str();
}

void add_images(CLI::App& app, TrainArguments& a) {
  app.add_option("--images", a.options.data.images,
                 "folder of NAME.png, .jpg or .tif, with NAME_mask.png where labelled");
  add_slides(app, a);
  app.add_option("--augment", a.options.augment,
                 "how much the stains vary, 0 to 1: haematoxylin and eosin at 1 by up to 20 %")
      ->capture_default_str();
}

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

void add_unconditional(CLI::App& app, TrainArguments& a, const char* help) {
  app.add_option("--unconditional", a.options.unconditional, help)->capture_default_str();
}

TrainOptions parsed(TrainArguments& a) {
  for (const std::string& folder : a.folders) a.options.masks.push_back(parse_mask_folder(folder));
  for (const std::string& slide : a.slides)
    a.options.data.slides.push_back(parse_training_slide(slide));
  a.options.dtype = a.dtype.empty()        ? fastest_dtype()
                    : a.dtype == "float32" ? DType::float32
                                           : DType::bfloat16;
  require_kernels(a.options.dtype);
  if (!a.optimizer.empty())
    a.options.optimizer = a.optimizer == "muon" ? OptimizerKind::muon : OptimizerKind::adamw;
  return a.options;
}

void add_autoencoder(CLI::App& train, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* app = train.add_subcommand("autoencoder", "pixels to latents and back");
  add_options(*app, *arguments);
  add_images(*app, *arguments);
  app->add_option(
      "--keep-latents", arguments->options.keep_latents,
      "bundle whose latents the first channels keep to, so that its denoiser can go on");
  app->add_flag("--decoder-only", arguments->options.decoder_only,
                "train the decoder alone: latents, and what was trained on them, stay");
  out.push_back({app, [arguments] {
                   const TrainOptions options = parsed(*arguments);
                   auto training = std::make_shared<AutoencoderTraining>(options);
                   return Run([options, training](Progress& progress) {
                     expect_training("autoencoder", /*encodes=*/false, progress);
                     const AutoencoderReport r = training->run(progress);
                     print_end(r.training);
                     fmt::print(
                         "{} patches: PSNR {:.2f} dB, power spectrum off by at most {:.2f} dB\n",
                         options.data.held_out_every > 0 ? "held-out" : "training", r.psnr,
                         r.power_ratio_db);
                     return 0;
                   });
                 }});
}

void add_denoiser(CLI::App& train, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* app = train.add_subcommand("denoiser", "noise to latents, under a label map");
  add_options(*app, *arguments);
  add_images(*app, *arguments);
  add_unconditional(*app, *arguments, "how often a patch is shown without its labels (p_unc)");
  app->add_option("--turns", arguments->options.turns,
                  "show images turned by multiples of 90/N degrees too (1: upright only)")
      ->capture_default_str();
  app->add_option("--latents", arguments->options.latents,
                  "folder that keeps the images' latents for the next run");
  out.push_back({app, [arguments] {
                   auto training = std::make_shared<DenoiserTraining>(parsed(*arguments));
                   return Run([training](Progress& progress) {
                     expect_training("denoiser", /*encodes=*/true, progress);
                     print_loss(training->run(progress));
                     return 0;
                   });
                 }});
}

void add_mask_denoiser(CLI::App& train, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* app = train.add_subcommand("mask", "noise to label masks, under a context prompt");
  add_options(*app, *arguments);
  app->add_option("--images", arguments->folders,
                  "DIR:PROMPT, folders of NAME.png with NAME_mask.png, or of masks alone, and the "
                  "prompt of model.json that they show");
  add_slides(*app, *arguments);
  app->add_option("--slides-prompt", arguments->options.slides_prompt,
                  "prompt of model.json that the slides show (the first)");
  add_unconditional(*app, *arguments, "how often a mask is shown without its prompt (p_unc)");
  out.push_back({app, [arguments] {
                   const TrainOptions options = parsed(*arguments);
                   auto training = std::make_shared<MaskTraining>(options);
                   return Run([options, training](Progress& progress) {
                     expect_training("mask", /*encodes=*/false, progress);
                     const MaskReport r = training->run(progress);
                     print_loss(r.training);
                     if (!std::isnan(r.completion_accuracy))
                       fmt::print(
                           "{} masks: {:.1f} % of the annotated cells guessed from the image\n",
                           options.data.held_out_every > 0 ? "held-out" : "training",
                           100 * r.completion_accuracy);
                     return 0;
                   });
                 }});
}

}  // namespace

void add_train(CLI::App& program, std::vector<Subcommand>& out) {
  CLI::App* train = program.add_subcommand("train", "train a bundle's networks on your own images");
  train->require_subcommand(1);
  add_autoencoder(*train, out);
  add_denoiser(*train, out);
  add_mask_denoiser(*train, out);
}

}  // namespace histoloom
