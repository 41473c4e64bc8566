#include <CLI/CLI.hpp>

#include "network_commands.h"

namespace histoloom {

namespace {

void add_options(CLI::App& app, TrainCommand& a) {
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

void add_slides(CLI::App& app, TrainCommand& a) {
  app.add_option("--slides", a.slides,
                 "slides that OpenSlide reads; SLIDE:LABELS.geojson with QuPath's annotations");
  app.add_option("--regions", a.options.data.regions,
                 "regions of 1024 px taken at most from a slide of more than 16 megapixels")
      ->capture_default_str();
}

void add_images(CLI::App& app, TrainCommand& a) {
  app.add_option("--images", a.options.data.images,
                 "folder of NAME.png, .jpg or .tif, with NAME_mask.png where labelled");
  add_slides(app, a);
  app.add_option("--augment", a.options.augment,
                 "how much the stains vary, 0 to 1: haematoxylin and eosin at 1 by up to 20 %")
      ->capture_default_str();
  app.add_option("--stage", a.options.stage,
                 "stage of a cascade whose network is trained (the finest)");
}

void add_unconditional(CLI::App& app, TrainCommand& a, const char* help) {
  app.add_option("--unconditional", a.options.unconditional, help)->capture_default_str();
}

void add_autoencoder(CLI::App& train, std::vector<Subcommand>& out) {
  auto arguments =
      std::make_shared<TrainCommand>(TrainCommand{.network = TrainedNetwork::autoencoder});
  CLI::App* app = train.add_subcommand("autoencoder", "pixels to latents and back");
  add_options(*app, *arguments);
  add_images(*app, *arguments);
  app->add_option(
      "--keep-latents", arguments->options.keep_latents,
      "bundle whose latents the first channels keep to, so that its denoiser can go on");
  app->add_flag("--decoder-only", arguments->options.decoder_only,
                "train the decoder alone: latents, and what was trained on them, stay");
  out.push_back(train_command(app, arguments));
}

void add_denoiser(CLI::App& train, std::vector<Subcommand>& out) {
  auto arguments =
      std::make_shared<TrainCommand>(TrainCommand{.network = TrainedNetwork::denoiser});
  CLI::App* app = train.add_subcommand("denoiser", "noise to latents, under a label map");
  add_options(*app, *arguments);
  add_images(*app, *arguments);
  add_unconditional(*app, *arguments,
                    "how often a patch is shown without its labels, and without what it sees of a "
                    "coarser stage (p_unc)");
  app->add_option("--turns", arguments->options.turns,
                  "show images turned by multiples of 90/N degrees too (1: upright only)")
      ->capture_default_str();
  app->add_option("--latents", arguments->options.latents,
                  "folder that keeps the images' latents for the next run");
  out.push_back(train_command(app, arguments));
}

void add_mask_denoiser(CLI::App& train, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<TrainCommand>(TrainCommand{.network = TrainedNetwork::mask});
  CLI::App* app = train.add_subcommand("mask", "noise to label masks, under a context prompt");
  add_options(*app, *arguments);
  app->add_option("--images", arguments->folders,
                  "DIR:PROMPT, folders of NAME.png with NAME_mask.png, or of masks alone, and the "
                  "prompt of model.json that they show");
  app->add_option("--coarser-images", arguments->coarser_folders,
                  "DIR:PROMPT, masks that teach the scale of mask.coarser alone");
  add_slides(*app, *arguments);
  app->add_option("--slides-prompt", arguments->options.slides_prompt,
                  "prompt of model.json that the slides show (the first)");
  add_unconditional(*app, *arguments, "how often a mask is shown without its prompt (p_unc)");
  out.push_back(train_command(app, arguments));
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
