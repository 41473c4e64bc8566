#include "slide_setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "disk.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/writable.h"
#include "job_json.h"
#include "label_painting.h"
#include "outputs.h"
#include "sampling_choice.h"
#include "stopwatch.h"

namespace histoloom {

namespace {

const ModelBundle& stage_to_write(const NewSlide& slide, const ModelBundle& bundle) {
  return slide.stage.empty() ? bundle : bundle.stage_named(slide.stage);
}

MemoryNeed larger(const MemoryNeed& a, const MemoryNeed& b) {
  return {std::max(a.painting, b.painting), std::max(a.decoding, b.decoding)};
}

// The steps and so on that a user wants are those of the finest stage.
Sampling sampling_of_image(const GenerateSpec& spec, const ModelBundle& image) {
  Sampling out = sampling_of_job(spec, image);
  if (image.is_coarser) out.noise = noise_of_stage(image.stages.size());
  return out;
}

}  // namespace

SlideSetup::SlideSetup(const GenerateSpec& s, const ModelBundle& b, const Replaceable& r)
    : spec(s),
      replace(r),
      slide(std::get<NewSlide>(s.what)),
      bundle(b),
      image_bundle(stage_to_write(slide, b)),
      texture(s.tile),
      labels(slide.labels, slide.files, b, label_painter(slide.labels, b, s.machine.threads)),
      image(image_bundle, size_at(slide.labels.size, b.mpp, image_bundle.mpp),
            sampling_of_image(s, image_bundle), s.machine.threads),
      coarser(image_bundle, image.size, s.seed, s.machine.threads, slide.picture),
      writing(s, slide, image_bundle, image.size) {
  require_writable_output(slide.thumbnail, replace, "--thumbnail");
  require_writable_output(slide.preview, replace, "--preview");
  if (!slide.preview.empty() && coarser.empty())
    throw UserError(fmt::format("--preview: model '{}' has no coarser stage to show", b.name));
  labels.check_outputs(replace, "--mask-out");
  memory = divide_memory(
      s.machine.memory,
      larger(coarser.memory(), {.painting = std::max(image.painting.memory(), labels.memory()),
                                .decoding = image.decoding.memory() + writing.memory()}),
      fmt::format("a slide {} px wide", image.size.width), s.machine.threads);
  const Stopwatch reading;
  labels.read();
  take_labels();
  label_seconds = reading.seconds();
  check_disks();
}

void SlideSetup::take_labels() {
  if (image_bundle.is_coarser) stage_labels = image.coarser_labels(labels.field(), label_microns());
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
  nlohmann::ordered_json out =
      job_json(spec, image.size, image.painting.sampling(), image_bundle, bundle.sha256(),
               {.source = layout != nullptr ? "layout " + layout->name : "mask",
                .prompt = labels.prompt(),
                .sha256 = sha256_of(labels.field())});
  if (labels.section()) out.update(json_of(*labels.section()));
  if (!slide.stage.empty()) out["stage"] = slide.stage;
  if (const GivenStage* given = coarser.given())
    out["refined"] = {{"picture", slide.picture->file.filename().string()},
                      {"mpp", slide.picture->mpp},
                      {"stage", image_bundle.stages[given->index()].stage},
                      {"sha256", given->sha256()}};
  return out;
}

std::string SlideSetup::log_text(PaintedPart done) const {
  return fmt::format(
      "{:.1f} % tissue; labels {}; a canvas of {}x{} cells; {} threads; {} for strips, batches and "
      "tiles, {} for chunks; from step {}, crop {} on",
      100 * labels.tissue_fraction(),
      labels.paints() ? fmt::format("painted, prompt '{}'", labels.prompt()) : "read",
      image.canvas.size.width, image.canvas.size.height, spec.machine.threads,
      format_byte_size(memory.working), format_byte_size(memory.cache), done.steps, done.crops);
}

JobForecast SlideSetup::job_forecast(NetworkSource& networks) const {
  JobForecast forecast;
  forecast.mask = labels.forecast(networks);
  const ForecastOptions options{.labels_to_come = labels.paints()};
  forecast.coarser = coarser.forecast(networks, labels.field(), label_microns(), options);
  const CanvasLabels on_canvas = image.on_canvas(image_labels());
  forecast.image =
      image.painting.forecast(networks.denoiser(), image.scene(on_canvas, {}), options);
  forecast.decode = image.decoding.forecast(networks.autoencoder(), *image.glass_field(on_canvas));
  return forecast;
}

std::string SlideSetup::json_text_of(const JobForecast& forecast) const {
  nlohmann::ordered_json out = {{"slide",
                                 {{"width", image.size.width},
                                  {"height", image.size.height},
                                  {"levels", writing.levels()},
                                  {"tiles", writing.tiles()},
                                  {"tissue_fraction", labels.tissue_fraction()}}}};
  out["labels"] = json_of(labels.shares());
  if (labels.section()) out["section"] = json_of(*labels.section());
  out.update(forecast_json(forecast, image.painting.sampling(), spec.machine));
  out["disk"] = {{"latents_bytes", latents_disk()}, {"slide_bytes", writing.disk()}};
  out["memory"] = {{"working_bytes", memory.working}, {"cache_bytes", memory.cache}};
  return text_of(out);
}

std::string SlideSetup::describe(NetworkSource& networks) const {
  const JobForecast forecast = job_forecast(networks);
  if (spec.json_forecast) return json_text_of(forecast);
  const std::string warning =
      labels.warning().empty() ? "" : fmt::format("warning      {}\n", labels.warning());
  const std::string section =
      labels.section() ? fmt::format("section      {}\n", text_of(*labels.section())) : "";
  return fmt::format(
      "slide        {}x{} px, {} levels, {} tiles at most, {:.0f} % tissue\n"
      "labels       {}\n{}"
      "evaluations  {}\n"
      "time         {}\n"
      "disk         {} for latents, at most about {} for the slide\n"
      "memory       {} for strips, batches and tiles and {} for chunks, beside the networks\n{}",
      image.size.width, image.size.height, writing.levels(), writing.tiles(),
      100 * labels.tissue_fraction(), text_of(labels.shares()), section,
      evaluations_text(forecast, image.painting.sampling()),
      time_text(forecast, spec.machine.threads), format_byte_size(latents_disk()),
      format_byte_size(writing.disk()), format_byte_size(memory.working),
      format_byte_size(memory.cache), warning);
}

}  // namespace histoloom
