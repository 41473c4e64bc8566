#include "slide_recipe.h"

#include <fmt/format.h>

#include <algorithm>

#include "disk.h"
#include "forecast_text.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/writable.h"
#include "histoloom/pictures/png.h"
#include "histoloom/pictures/pyramid_views.h"
#include "job_json.h"
#include "outputs.h"
#include "sampling_choice.h"

namespace histoloom {

namespace {

// What the bare slide is to the denoiser.
std::vector<float> latent_of_glass(const ModelBundle& bundle, Autoencoder& autoencoder,
                                   const GlassTexture& texture) {
  const int side = bundle.patch * bundle.latent.downsampling;
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      pixels.insert(pixels.end(), texture.at(x, y), texture.at(x, y) + 3);
  return mean_latent(bundle.latent, autoencoder, pixels, {side, side});
}

std::string range_text(const ValueRange& r) {
  return fmt::format("{:.4g} to {:.4g}, mean {:.4g}, {} of {} not finite", r.least, r.most, r.mean,
                     r.not_finite, r.values);
}

std::string probe_text(const CropProbe& p) {
  return fmt::format(
      "crop         number {}, patch at cell {},{}, paints {} cells\n"
      "step         time {} of the schedule, {}, {}\n"
      "before       {}\n"
      "denoiser     {}\n"
      "clean        {}\n",
      p.crop, p.corner.x, p.corner.y, p.painted, p.time, p.guided ? "guided" : "not guided",
      p.tapered ? "tapered" : "plain", range_text(p.y), range_text(p.prediction), range_text(p.x0));
}

}  // namespace

SlideRecipe::SlideRecipe(const GenerateSpec& spec, const ModelBundle& bundle,
                         const Replaceable& replace)
    : spec_(spec),
      slide_(std::get<NewSlide>(spec.what)),
      bundle_(bundle),
      labels_(slide_.labels, slide_.files, bundle, spec.machine.threads),
      writing_(spec, slide_, bundle),
      canvas_(canvas_around(latent_size_for(slide_.labels.size, bundle.latent.downsampling),
                            bundle.patch)),
      painting_(bundle.image(), sampling_of_job(spec, bundle), canvas_.size, spec.machine.threads),
      decoding_(bundle, slide_.labels.size, canvas_.size, canvas_.origin, spec.machine.threads) {
  require_writable_output(slide_.thumbnail, replace, "--thumbnail");
  labels_.check_outputs(replace);
  memory_ = divide_memory(spec.machine.memory,
                          {.painting = std::max(painting_.memory(), labels_.memory()),
                           .decoding = decoding_.memory() + writing_.memory()},
                          fmt::format("a slide {} px wide", slide_.labels.size.width),
                          spec.machine.threads);
  const Stopwatch reading;
  labels_.read();
  label_seconds_ = reading.seconds();
  facts_ = {.size = slide_.labels.size,
            .tissue_fraction = labels_.tissue_fraction(),
            .model_sha256 = {},
            .disk_latents = latents_disk()};
  check_disks();
}

// The latents and the checkpoint on the disk of the work directory, the slide on that of OUT.
void SlideRecipe::check_disks() const {
  const auto slide =
      static_cast<std::uint64_t>(static_cast<double>(writing_.disk()) * facts_.tissue_fraction);
  require_space(
      {{"the work directory", existing_directory(spec_.work.directory),
        latents_disk() + writing_.checkpoint_disk(), bytes_at(spec_.work.directory), "--work"},
       {"the slide", existing_directory(directory_of(spec_.out)), slide,
        bytes_at(pyramid::partial_path(spec_.out)), "-o"}});
}

nlohmann::ordered_json SlideRecipe::job() {
  if (facts_.model_sha256.empty()) facts_.model_sha256 = bundle_.sha256();
  const auto* layout = std::get_if<LayoutSource>(&slide_.labels.source);
  return job_json(spec_, facts_.size, painting_.sampling(), bundle_, facts_.model_sha256,
                  {.source = layout != nullptr ? "layout " + layout->name : "mask",
                   .prompt = labels_.prompt(),
                   .sha256 = sha256_of(labels_.field())});
}

Scene SlideRecipe::scene(const CanvasLabelField& on_canvas, std::vector<float> glass_latent) const {
  return {on_canvas, bundle_.labels.unknown(), bundle_.labels.glass(), std::move(glass_latent)};
}

std::unique_ptr<GlassField> SlideRecipe::glass_field(const CanvasLabelField& on_canvas) const {
  if (!bundle_.labels.glass()) return std::make_unique<NoGlass>();
  return std::make_unique<LabelledGlass>(on_canvas, *bundle_.labels.glass());
}

// One run of the recipe.
struct SlideRecipe::Run {
  SlideRecipe& recipe;
  NetworkSource& networks;
  WorkDirectory& work;
  Progress& progress;
  std::string rows;  // that the pixels depend on
  Ledger ledger{work.account()};
  ChunkCache cache{recipe.memory_.cache};

  Account total() { return ledger.total(cache.traffic()); }

  void paint_labels() {
    const Stopwatch watch;
    Account& run = ledger.run();
    const auto seconds = [&] { return recipe.label_seconds_ + watch.seconds(); };
    recipe.labels_.paint(
        networks, canvas_in(work.mask(), cache), work.painted_labels(),
        [&](PaintedPart part, const DiffusionReport& report) {
          run.mask = report;
          run.mask_seconds = seconds();
          work.commit_labels(part, total());
        },
        progress, run.mask);
    // Less than the outline had where specks were removed.
    recipe.facts_.tissue_fraction = recipe.labels_.tissue_fraction();
    run.mask_seconds = seconds();
  }

  LatentArray paint(const Scene& scene) {
    const Stopwatch watch;
    Account& run = ledger.run();
    PaintedCanvas painted = recipe.painting_.run(
        networks.denoiser(), scene, canvas_in(work.latents(), cache), work.painted(),
        [&](PaintedPart part, const DiffusionReport& report) {
          run.diffusion = report;
          run.diffusion_seconds = watch.seconds();
          work.commit(part, total());
        },
        progress);
    run.diffusion = painted.report;
    run.diffusion_seconds = watch.seconds();
    return std::move(painted.latents);
  }

  // The slide's writer, anew or from where an earlier run left it.
  std::unique_ptr<pyramid::PyramidWriter> start_slide(const OpenWriter& open_writer) {
    const Stopwatch watch;
    pyramid::CheckpointOptions checkpoints{.path = work.checkpoint(), .rows = rows};
    checkpoints.written = [this, watch] {
      ledger.run().decode_seconds = watch.seconds();
      work.commit(work.painted(), total());
    };
    auto writer = open_writer(recipe.spec_.out, recipe.writing_.options(), checkpoints);
    if (!writer->restart_reason().empty())
      progress.warn(fmt::format("{}; the slide is decoded anew", writer->restart_reason()));
    if (writer->rows_written() == 0) ledger.forget_decoding();
    return writer;
  }

  pyramid::WriteSummary decode(pyramid::PyramidWriter& writer, const LatentArray& latents,
                               const BareGlass& glass) {
    const Stopwatch watch;
    Account& run = ledger.run();
    recipe.decoding_.run(
        networks.autoencoder(), latents, glass, writer.rows_written(),
        [&](const PictureView& view) { writer.write_rows(view); }, progress, run.decode);
    pyramid::WriteSummary summary = writer.complete();
    run.decode_seconds = watch.seconds();
    return summary;
  }
};

void SlideRecipe::run(NetworkSource& networks, WorkDirectory& work, const OpenWriter& open_writer,
                      Progress& progress) {
  const nlohmann::ordered_json job_facts = job();
  Run run{*this, networks, work, progress, text_of(job_facts)};
  run.ledger.run().mask_seconds = label_seconds_;
  work.open(outputs_of(spec_));
  progress.log(fmt::format("job {}", job_facts.dump()));
  progress.log(plan_text(work));
  if (labels_.paints()) run.paint_labels();
  const CanvasLabels labels(labels_.field(), canvas_.size, canvas_.origin);
  const GlassTexture texture(spec_.tile);
  const std::vector<float> glass = latent_of_glass(bundle_, networks.autoencoder(), texture);
  std::unique_ptr<pyramid::PyramidWriter> writer;
  pyramid::WriteSummary summary;
  {
    const LatentArray latents = run.paint(scene(labels, glass));
    const std::unique_ptr<GlassField> field = glass_field(labels);
    writer = run.start_slide(open_writer);
    summary = run.decode(*writer, latents, {*field, texture, glass});
  }
  facts_.levels = summary.levels.size();
  facts_.bytes = summary.bytes;
  labels_.write(progress);
  if (!slide_.thumbnail.empty()) write_png(slide_.thumbnail, view_of(summary.thumbnail));
  replace_file(manifest_path(spec_.out), text_of(manifest_json(spec_, bundle_, facts_, job_facts)));
  if (!spec_.report.empty())
    replace_file(spec_.report, report_json(spec_, bundle_, facts_, run.total()));
  writer->publish();
  work.finish();
}

void SlideRecipe::check_probe(const WorkDirectory& work) const {
  if (slide_.only_crop && work.painted().steps != slide_.only_crop->step - 1)
    throw UserError(fmt::format(
        "--only-crop: the work directory '{}' has committed {} steps, so that crops of step {} can "
        "be looked at, not of step {}",
        spec_.work.directory.string(), work.painted().steps, work.painted().steps + 1,
        slide_.only_crop->step));
}

std::string SlideRecipe::probe(NetworkSource& networks, const WorkDirectory& work,
                               Progress& progress) {
  const CropChoice choice = slide_.only_crop.value();
  ChunkCache cache(memory_.cache);
  DiffusionReport ignored;
  if (labels_.paints())
    labels_.paint(
        networks, canvas_in(work.mask(), cache), work.painted_labels(),
        [](PaintedPart, const DiffusionReport&) {}, progress, ignored);
  const CanvasLabels labels(labels_.field(), canvas_.size, canvas_.origin);
  const std::vector<float> glass =
      latent_of_glass(bundle_, networks.autoencoder(), GlassTexture(spec_.tile));
  return probe_text(painting_.probe(networks.denoiser(), scene(labels, glass),
                                    canvas_in(work.latents(), cache), choice.step - 1,
                                    choice.cell));
}

std::string SlideRecipe::plan_text(const WorkDirectory& work) const {
  return fmt::format(
      "{:.1f} % tissue; labels {}; a canvas of {}x{} cells; {} threads; {} for strips, batches and "
      "tiles, {} for chunks; from step {}, crop {} on",
      100 * facts_.tissue_fraction,
      labels_.paints() ? fmt::format("painted, prompt '{}'", labels_.prompt()) : "read",
      canvas_.size.width, canvas_.size.height, spec_.machine.threads,
      format_byte_size(memory_.working), format_byte_size(memory_.cache), work.painted().steps,
      work.painted().crops);
}

std::string SlideRecipe::describe(NetworkSource& networks) const {
  JobForecast forecast;
  forecast.mask = labels_.forecast(networks);
  const CanvasLabels labels(labels_.field(), canvas_.size, canvas_.origin);
  forecast.image = painting_.forecast(networks.denoiser(), scene(labels, {}),
                                      {.labels_to_come = labels_.paints()});
  forecast.decode = decoding_.forecast(networks.autoencoder(), *glass_field(labels));
  return fmt::format(
      "slide        {}x{} px, {} levels, {} tiles at most, {:.0f} % tissue\n"
      "evaluations  {}\n"
      "time         {}\n"
      "disk         {} for latents, at most about {} for the slide\n"
      "memory       {} for strips, batches and tiles and {} for chunks, beside the networks\n",
      facts_.size.width, facts_.size.height, writing_.levels(), writing_.tiles(),
      100 * facts_.tissue_fraction, evaluations_text(forecast, painting_.sampling()),
      time_text(forecast, spec_.machine.threads), format_byte_size(latents_disk()),
      format_byte_size(writing_.disk()), format_byte_size(memory_.working),
      format_byte_size(memory_.cache));
}

}  // namespace histoloom
