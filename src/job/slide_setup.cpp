#include "slide_setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "disk.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/file.h"
#include "histoloom/core/writable.h"
#include "job_json.h"
#include "label_painting.h"
#include "outputs.h"
#include "sampling_choice.h"
#include "stopwatch.h"

namespace histoloom {

SlideSetup::SlideSetup(const GenerateSpec& s, const ModelBundle& b, const Replaceable& r)
    : spec(s),
      replace(r),
      slide(std::get<NewSlide>(s.what)),
      bundle(b),
      texture(s.tile),
      labels(slide.labels, slide.files, b, label_painter(slide.labels, b, s.machine.threads)),
      writing(s, slide, b),
      canvas(canvas_around(latent_size_for(slide.labels.size, b.latent.downsampling), b.patch)),
      painting(b.image(), sampling_of_job(s, b), canvas.size, s.machine.threads),
      decoding(b, slide.labels.size, canvas.size, canvas.origin, s.machine.threads) {
  require_writable_output(slide.thumbnail, replace, "--thumbnail");
  labels.check_outputs(replace, "--mask-out");
  memory =
      divide_memory(s.machine.memory,
                    {.painting = std::max(painting.memory(), labels.memory()),
                     .decoding = decoding.memory() + writing.memory()},
                    fmt::format("a slide {} px wide", slide.labels.size.width), s.machine.threads);
  const Stopwatch reading;
  labels.read();
  label_seconds = reading.seconds();
  check_disks();
}

// The latents and the checkpoint on the disk of the work directory, the slide on that of OUT.
void SlideSetup::check_disks() const {
  const auto bytes =
      static_cast<std::uint64_t>(static_cast<double>(writing.disk()) * labels.tissue_fraction());
  require_space(
      {{"the work directory", existing_directory(spec.work.directory),
        latents_disk() + writing.checkpoint_disk(), bytes_at(spec.work.directory), "--work"},
       {"the slide", existing_directory(directory_of(spec.out)), bytes,
        bytes_at(pyramid::partial_path(spec.out)), "-o"}});
}

nlohmann::ordered_json SlideSetup::job() const {
  const auto* layout = std::get_if<LayoutSource>(&slide.labels.source);
  return job_json(spec, slide.labels.size, painting.sampling(), bundle, bundle.sha256(),
                  {.source = layout != nullptr ? "layout " + layout->name : "mask",
                   .prompt = labels.prompt(),
                   .sha256 = sha256_of(labels.field())});
}

Scene SlideSetup::scene(const CanvasLabelField& on_canvas, std::vector<float> glass_latent) const {
  return {on_canvas, bundle.labels.unknown(), bundle.labels.glass(), std::move(glass_latent)};
}

std::unique_ptr<GlassField> SlideSetup::glass_field(const CanvasLabelField& on_canvas) const {
  if (!bundle.labels.glass()) return std::make_unique<NoGlass>();
  return std::make_unique<LabelledGlass>(on_canvas, *bundle.labels.glass());
}

std::vector<float> SlideSetup::latent_of_glass(Autoencoder& autoencoder) const {
  const int side = bundle.patch * bundle.latent.downsampling;
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      pixels.insert(pixels.end(), texture.at(x, y), texture.at(x, y) + 3);
  return mean_latent(bundle.latent, autoencoder, pixels, {side, side});
}

std::string SlideSetup::log_text(PaintedPart done) const {
  return fmt::format(
      "{:.1f} % tissue; labels {}; a canvas of {}x{} cells; {} threads; {} for strips, batches and "
      "tiles, {} for chunks; from step {}, crop {} on",
      100 * labels.tissue_fraction(),
      labels.paints() ? fmt::format("painted, prompt '{}'", labels.prompt()) : "read",
      canvas.size.width, canvas.size.height, spec.machine.threads, format_byte_size(memory.working),
      format_byte_size(memory.cache), done.steps, done.crops);
}

JobForecast SlideSetup::job_forecast(NetworkSource& networks) const {
  JobForecast forecast;
  forecast.mask = labels.forecast(networks);
  const CanvasLabels on_canvas = labels_on_canvas();
  forecast.image = painting.forecast(networks.denoiser(), scene(on_canvas, {}),
                                     {.labels_to_come = labels.paints()});
  forecast.decode = decoding.forecast(networks.autoencoder(), *glass_field(on_canvas));
  return forecast;
}

std::string SlideSetup::json_text_of(const JobForecast& forecast) const {
  nlohmann::ordered_json out = {{"slide",
                                 {{"width", slide.labels.size.width},
                                  {"height", slide.labels.size.height},
                                  {"levels", writing.levels()},
                                  {"tiles", writing.tiles()},
                                  {"tissue_fraction", labels.tissue_fraction()}}}};
  out["labels"] = json_of(labels.shares());
  out.update(forecast_json(forecast, painting.sampling(), spec.machine));
  out["disk"] = {{"latents_bytes", latents_disk()}, {"slide_bytes", writing.disk()}};
  out["memory"] = {{"working_bytes", memory.working}, {"cache_bytes", memory.cache}};
  return text_of(out);
}

std::string SlideSetup::describe(NetworkSource& networks) const {
  const JobForecast forecast = job_forecast(networks);
  if (spec.json_forecast) return json_text_of(forecast);
  const std::string warning =
      labels.warning().empty() ? "" : fmt::format("warning      {}\n", labels.warning());
  return fmt::format(
      "slide        {}x{} px, {} levels, {} tiles at most, {:.0f} % tissue\n"
      "labels       {}\n"
      "evaluations  {}\n"
      "time         {}\n"
      "disk         {} for latents, at most about {} for the slide\n"
      "memory       {} for strips, batches and tiles and {} for chunks, beside the networks\n{}",
      slide.labels.size.width, slide.labels.size.height, writing.levels(), writing.tiles(),
      100 * labels.tissue_fraction(), text_of(labels.shares()),
      evaluations_text(forecast, painting.sampling()), time_text(forecast, spec.machine.threads),
      format_byte_size(latents_disk()), format_byte_size(writing.disk()),
      format_byte_size(memory.working), format_byte_size(memory.cache), warning);
}

}  // namespace histoloom
