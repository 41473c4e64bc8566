#include <CLI/CLI.hpp>

#include "network_commands.h"

namespace histoloom {

namespace {

void add_options(CLI::App& app, EvaluateCommand& a) {
  evaluate::EvaluateOptions& o = a.options;
  app.add_option("--real", o.real, "folders, images or slides that the model was trained on")
      ->required();
  app.add_option("--synthetic", o.synthetic, "what is judged: folders, images or slides")
      ->required();
  app.add_option("--held-out", o.held_out,
                 "real ones kept from the training (half of the real ones)");
  app.add_option("--patch", o.patch, "side of a patch in pixels, a power of two")
      ->capture_default_str();
  app.add_option("--patches", o.patches, "patches a side, at most")->capture_default_str();
  app.add_option("--training-patches", o.training_patches,
                 "real patches searched for copies, at most")
      ->capture_default_str();
  app.add_option("--directions", o.directions, "of the sliced Wasserstein distance")
      ->capture_default_str();
  app.add_option("--replicates", o.replicates, "of the bootstrap")->capture_default_str();
  add_seed(app, o.seed, "of patches, directions and resamples");
  app.add_option("--features", o.features,
                 "TorchScript network, [B,3,H,W] to [B,D] or (features, logits): FID and others");
  app.add_option("--model", o.model, "bundle whose autoencoder is measured");
  app.add_option("--classes", o.classes,
                 "NAME,NAME: two of the bundle's labels; masks beside images, NAME_mask.png")
      ->delimiter(',');
  app.add_option("--seams", a.seams,
                 "PERIOD or PERIOD+PHASE in pixels: look for seams along this grid")
      ->delimiter(',');
  app.add_option("--latent-factor", o.latent_factor,
                 "pixels a latent cell, for seams (the model's, else 8)");
  app.add_option("--report", a.report, "all figures, curves too, .json");
  app.add_option("--threads", o.threads, "threads that measure (all cores)");
}

}  // namespace

void add_evaluate(CLI::App& program, std::vector<Subcommand>& out) {
  auto a = std::make_shared<EvaluateCommand>();
  CLI::App* app = program.add_subcommand(
      "evaluate", "likeness, seams and copying, each beside real against real");
  add_options(*app, *a);
  out.push_back(evaluate_command(app, a));
}

}  // namespace histoloom
