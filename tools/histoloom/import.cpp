#include <CLI/CLI.hpp>

#include "network_commands.h"

namespace histoloom {

namespace {

void add_common_options(CLI::App& app, ImportCommand& a) {
  ImportOptions& o = a.options;
  app.add_option("-o,--out", o.out, "the bundle: a directory, which must not exist")->required();
  app.add_option("--labels", a.labels, "label set in JSON: ids, names, colours, unknown, glass");
  app.add_option("--name", o.name, "of the model (the directory's)");
  app.add_option("--licence", o.licence, "of the weights, for model.json")->capture_default_str();
  app.add_option("--mpp", o.mpp, "microns a pixel of the model's images")
      ->check(CLI::Range(0.01, 1000.0))
      ->capture_default_str();
  app.add_option("--magnification", o.magnification, "objective power of the model's images")
      ->check(CLI::Range(0.1, 1000.0))
      ->capture_default_str();
  app.add_option("--patch", o.patch, "latent cells a side that the denoiser sees at once")
      ->check(CLI::Range(8, 512))
      ->capture_default_str();
  app.add_option("--batch", o.batch, "patches a call of the denoiser")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
}

}  // namespace

void add_import(CLI::App& program, std::vector<Subcommand>& out) {
  CLI::App* import = program.add_subcommand("import", "published weights into a model bundle");
  import->require_subcommand(1);

  auto di = std::make_shared<ImportCommand>(ImportCommand{.kind = ImportKind::diffinfinite});
  CLI::App* diffinfinite =
      import->add_subcommand("diffinfinite", "DiffInfinite's checkpoints (model-N.pt)");
  add_common_options(*diffinfinite, *di);
  diffinfinite->add_option("--denoiser", di->diffinfinite.denoiser, "image model, model-N.pt")
      ->required();
  diffinfinite->add_option("--mask-denoiser", di->diffinfinite.mask_denoiser,
                           "mask model, model-N.pt");
  diffinfinite
      ->add_option("--autoencoder", di->diffinfinite.autoencoder,
                   "AutoencoderKL or VQModel: weights with a JSON of the same "
                   "name beside them, or "
                   "diffusers' directory; Stable Diffusion's without a JSON")
      ->required();
  out.push_back(import_command(diffinfinite, di));

  auto df = std::make_shared<ImportCommand>(ImportCommand{.kind = ImportKind::diffusers});
  CLI::App* diffusers =
      import->add_subcommand("diffusers", "a U-Net and an autoencoder that diffusers saved");
  add_common_options(*diffusers, *df);
  diffusers->add_option("--unet", df->diffusers.unet, "directory of a UNet2DConditionModel")
      ->required();
  diffusers->add_option("--vae", df->diffusers.vae, "directory of its AutoencoderKL or VQModel")
      ->required();
  diffusers
      ->add_option("--context", df->contexts,
                   "NAME=FILE.safetensors: the embedding of a label; 'none' is "
                   "no condition")
      ->required();
  out.push_back(import_command(diffusers, df));
}

}  // namespace histoloom
