#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "histoloom/convert/convert.h"
#include "subcommands.h"

namespace histoloom {

void add_pyramid(CLI::App& program, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<ConvertOptions>();
  ConvertOptions& o = *arguments;
  CLI::App* app = program.add_subcommand("pyramid", "make a pyramid of any image or slide");
  app->add_option("input", o.in, "an image that libvips reads or a slide that OpenSlide reads")
      ->required();
  app->add_option("-o,--out", o.out, "the slide: .svs, .ome.tif or .tif")->required();
  app->add_option("--profile", o.profile, "generic, svs or ome (by the name of OUT)");
  app->add_option("--compression", o.compression,
                  "jpeg, deflate, lzw or none (jpeg; deflate of labels)");
  app->add_option("--quality", o.quality, "of JPEG, 1 to 100")->capture_default_str();
  app->add_option("--chroma", o.chroma, "auto, 420 or 444; auto: 420 below quality 90")
      ->capture_default_str();
  app->add_option("--tile", o.tile, "side of a tile in pixels")->capture_default_str();
  app->add_option("--shrink", o.shrink, "2 or 4, from level to level")->capture_default_str();
  app->add_option("--levels", o.levels, "how many (down to one tile)");
  app->add_option("--associated", o.associated,
                  "pictures in an svs (needs its thumbnail) or ome: none or some of "
                  "label,macro,thumbnail (all)");
  app->add_flag("--labels", o.labels, "one-channel mask: shrink by mode, never invent a class");
  app->add_option("--mpp", o.mpp, "microns per pixel (the input's)");
  app->add_option("--magnification", o.magnification, "of the objective (the input's)");
  app->add_option("--date", o.date, "date in the file, 2026-01-31 (SOURCE_DATE_EPOCH, else none)");
  app->add_option("--threads", o.threads, "threads that decode and compress (all cores)");
  app->add_flag("--force", o.force, "replace OUT");
  out.push_back({app, [arguments]() -> Run {
                   arguments->date = date_or_epoch(arguments->date);
                   auto conversion = std::make_shared<Conversion>(*arguments);
                   return [conversion, arguments](Progress& progress) {
                     conversion->run(progress);
                     fmt::print("{}\n", arguments->out.string());
                     return 0;
                   };
                 }});
}

}  // namespace histoloom
