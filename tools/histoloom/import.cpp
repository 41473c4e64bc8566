#include "histoloom/bundle/import.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/vocabulary/label_set.h"
#include "subcommands.h"

namespace histoloom {

namespace {

struct ImportArguments {
  ImportOptions options;
  std::filesystem::path labels;
  DiffInfiniteImport diffinfinite;
  DiffusersImport diffusers;
  std::vector<std::string> contexts;  // NAME=FILE
};

void add_common_options(CLI::App& app, ImportArguments& a) {
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

std::pair<std::string, std::filesystem::path> parse_context(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
    throw UserError(fmt::format("--context must be NAME=FILE, got '{}'", text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// Reads the label set, where one is given, and checks it.
void read_labels(ImportArguments& a) {
  if (a.labels.empty()) return;
  a.options.labels_json = read_file(a.labels);
  static_cast<void>(LabelSet::parse(a.options.labels_json, a.labels.string()));
}

Run written(ImportedBundle bundle, const std::filesystem::path& out) {
  return [bundle = std::make_shared<ImportedBundle>(std::move(bundle)), out](Progress& progress) {
    bundle->write(progress);
    fmt::print("{}\n", out.string());
    return 0;
  };
}

}  // namespace

void add_import(CLI::App& program, std::vector<Subcommand>& out) {
  CLI::App* import = program.add_subcommand("import", "published weights into a model bundle");
  import->require_subcommand(1);

  auto di = std::make_shared<ImportArguments>();
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
  out.push_back({diffinfinite, [di] {
                   read_labels(*di);
                   return written(ImportedBundle::diffinfinite(di->diffinfinite, di->options),
                                  di->options.out);
                 }});

  auto df = std::make_shared<ImportArguments>();
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
  out.push_back({diffusers, [df] {
                   read_labels(*df);
                   for (const std::string& text : df->contexts)
                     df->diffusers.contexts.push_back(parse_context(text));
                   return written(ImportedBundle::diffusers(df->diffusers, df->options),
                                  df->options.out);
                 }});
}

}  // namespace histoloom
