#include "slide_recipe.h"

#include <fmt/format.h>

#include "crop_look.h"
#include "histoloom/core/file.h"
#include "histoloom/pictures/png.h"
#include "histoloom/pictures/pyramid_views.h"
#include "histoloom/pyramid/sink.h"
#include "histoloom/vocabulary/json_text.h"
#include "job_json.h"
#include "job_report.h"
#include "outputs.h"
#include "preview.h"
#include "recipe_run.h"

namespace histoloom {

const nlohmann::ordered_json& SlideRecipe::job() {
  if (job_.is_null()) job_ = setup_.job();
  return job_;
}

struct SlideRecipe::Run : RecipeRun {
  SlideSetup& setup;
  bool preview_written = false;

  Run(SlideSetup& p, NetworkSource& n, WorkDirectory& w, Progress& q)
      : RecipeRun(n, w, q, p.spec.out, p.memory.cache), setup(p) {
    ledger.run().mask_seconds = setup.label_seconds;
  }

  void paint_labels() {
    const Stopwatch watch;
    Account& account = ledger.run();
    const auto seconds = [&] { return setup.label_seconds + watch.seconds(); };
    setup.labels.paint(
        networks, canvas_in(work.mask(), cache, work.job_sha256()), work.painted_labels(),
        [&](PaintedPart part, const DiffusionReport& report) {
          account.mask = report;
          account.mask_seconds = seconds();
          work.commit_labels(part, total());
        },
        progress, account.mask);
    account.mask_seconds = seconds();
    setup.take_labels();
  }

  // The picture that the image is painted under.
  LatentArray paint_coarser() {
    return CoarserRun(*this, setup.coarser, setup.texture)
        .paint(setup.labels.field(), setup.label_microns(),
               [&](std::size_t index, const LatentArray& picture) {
                 if (index == 0 && !setup.slide.preview.empty()) write_preview(picture);
               });
  }

  void write_preview(const LatentArray& picture) {
    const Output output{setup.slide.preview, "--preview"};
    if (!preview_written) require_still_new({output}, setup.replace);
    work.note_outputs(names_of({output}), std::nullopt, total());
    histoloom::write_preview(setup.slide.preview, picture);
    preview_written = true;
  }

  // The slide's writer, anew or from where an earlier run left it. `rows`: what the pixels depend
  // on.
  std::unique_ptr<pyramid::PyramidWriter> start_slide(const OpenWriter& open_writer,
                                                      const std::string& rows) {
    const Stopwatch watch;
    pyramid::CheckpointOptions checkpoints{.path = work.checkpoint(), .rows = rows};
    checkpoints.written = [this, watch] {
      ledger.run().decode_seconds = watch.seconds();
      work.commit(work.painted(), total());
    };
    claim.reset();
    auto writer = open_writer(setup.spec.out, setup.writing.options(), checkpoints);
    if (!writer->restart_reason().empty())
      progress.warn(fmt::format("{}; the slide is decoded anew", writer->restart_reason()));
    if (writer->rows_written() == 0) ledger.forget_decoding();
    return writer;
  }

  pyramid::WriteSummary decode(pyramid::PyramidWriter& writer, const LatentArray& latents,
                               const BareGlass& glass) {
    const Stopwatch watch;
    Account& account = ledger.run();
    setup.image.decoding.run(
        networks.autoencoder(), latents, glass, writer.rows_written(),
        [&](const PictureView& rows) { writer.write_rows(rows); }, progress, account.decode);
    pyramid::WriteSummary summary = writer.complete();
    account.decode_seconds = watch.seconds();
    return summary;
  }

  // What was asked for beside the slide.
  void write_others(const pyramid::WriteSummary& summary, const nlohmann::ordered_json& job) {
    const GenerateSpec& spec = setup.spec;
    const JobFacts facts{.size = setup.image.size,
                         .levels = summary.levels.size(),
                         .bytes = summary.bytes,
                         .tissue_fraction = setup.labels.tissue_fraction(),
                         .section = setup.labels.section(),
                         .model_sha256 = job["model"]["sha256"],
                         .disk_latents = setup.latents_disk(),
                         .cpu_kinds = work.cpu_kinds()};
    note_outputs(spec, setup.replace, mark_of(pyramid::partial_path(spec.out)));
    setup.labels.write(progress);
    if (!setup.slide.thumbnail.empty())
      write_png(setup.slide.thumbnail, view_of(summary.thumbnail));
    replace_file(manifest_path(spec.out),
                 text_of(manifest_json(spec, setup.image_bundle, facts, job)));
    if (!spec.report.empty())
      replace_file(spec.report, report_json(spec, setup.image_bundle, facts, total()));
  }
};

void SlideRecipe::run(NetworkSource& networks, WorkDirectory& work, const OpenWriter& open_writer,
                      Progress& progress) {
  if (work.has_named_slide(setup_.spec.out)) {
    progress.log("an earlier run has made the slide; nothing but its work directory is left");
    return work.finish();
  }
  const nlohmann::ordered_json& job_facts = job();
  Run run(setup_, networks, work, progress);
  work.open();
  progress.log(fmt::format("job {}", json_text(job_facts)));
  progress.log(setup_.log_text(work.painted()));
  setup_.labels.tell(progress);
  warn_of_stale(setup_.bundle, progress);
  warn_of_other_cpu(work, progress);
  if (setup_.labels.paints()) run.paint_labels();
  std::unique_ptr<pyramid::PyramidWriter> writer;
  pyramid::WriteSummary summary;
  {
    std::optional<LatentArray> picture;
    std::optional<PictureContext> context;
    if (!setup_.coarser.empty()) {
      picture.emplace(run.paint_coarser());
      context.emplace(
          setup_.coarser.context(setup_.image, setup_.coarser.stages().size() - 1, *picture));
    }
    const CanvasLabels labels = setup_.image.on_canvas(setup_.image_labels());
    const std::vector<float> glass =
        setup_.image.latent_of_glass(networks.autoencoder(), setup_.texture);
    Scene scene = setup_.image.scene(labels, glass);
    if (context) scene.context = &*context;
    const LatentArray latents = run.paint(setup_.image.painting, scene);
    writer = run.start_slide(open_writer, text_of(job_facts));
    summary =
        run.decode(*writer, latents, {*setup_.image.glass_field(labels), setup_.texture, glass});
  }
  run.write_others(summary, job_facts);
  writer->publish();
  work.finish();
}

void SlideRecipe::check_probe(const WorkDirectory& work) const {
  if (setup_.slide.only_crop) check_crop_step(setup_.slide.only_crop->step, work, setup_.spec);
}

std::string SlideRecipe::probe(NetworkSource& networks, const WorkDirectory& work,
                               Progress& progress) {
  return look_at_crop(setup_, setup_.slide.only_crop.value(), networks, work, progress);
}

}  // namespace histoloom
