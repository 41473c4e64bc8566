#include "inpaint_recipe.h"

#include <fmt/format.h>

#include "histoloom/core/file.h"
#include "histoloom/core/version.h"
#include "histoloom/vocabulary/json_text.h"
#include "job_json.h"
#include "job_report.h"
#include "kept_latents.h"
#include "outputs.h"
#include "recipe_run.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSourceType = "compositeWithTrainedAlgorithmicMedia";

}  // namespace

const nlohmann::ordered_json& InpaintRecipe::job() {
  if (job_.is_null()) job_ = setup_.job();
  return job_;
}

struct InpaintRecipe::Run : RecipeRun {
  InpaintSetup& setup;

  Run(InpaintSetup& p, NetworkSource& n, WorkDirectory& w, Progress& q)
      : RecipeRun(n, w, q, p.spec.out, p.memory.cache), setup(p) {}

  // The canvas's latents, NaN in the cells that are painted.
  LatentArray encode() {
    return encode_kept(
        *this, work.latents(), setup.bundle, networks.autoencoder(),
        {setup.pixels, setup.canvas_pixels().size(), setup.geometry.place().size, setup.painted},
        setup.spec.machine.threads);
  }

  // The pixels that are blended.
  std::vector<std::uint8_t> decode(const LatentArray& latents) {
    const Stopwatch watch;
    const PixelRect all = setup.decoded_pixels();
    const PixelRect& blend = setup.geometry.blend;
    const NoGlass none;
    const GlassTexture texture(16);
    std::vector<std::uint8_t> out;
    std::int64_t y = all.y0;
    setup.decoding.run(
        networks.autoencoder(), latents, {none, texture, {}}, /*first_row=*/0,
        [&](const PictureView& rows) {
          for (std::int64_t i = 0; i < rows.size.height; ++i, ++y)
            if (y >= blend.y0 && y < blend.y1)
              out.insert(out.end(), rows.at(blend.x0 - all.x0, i), rows.at(blend.x1 - all.x0, i));
        },
        progress, ledger.run().decode);
    ledger.run().decode_seconds = watch.seconds();
    return out;
  }

  pyramid::EditSummary write_slide(std::vector<std::uint8_t> rgb) {
    const PixelRect box = setup.region.box();
    const PixelRect& edited = setup.geometry.blend;
    blend(rgb, setup.slide.read(edited),
          blend_weights(replaced_pixels(setup.region, edited, setup.geometry, setup.painted,
                                        setup.bundle.latent.downsampling),
                        edited.size()));
    const pyramid::EditMark mark{
        .software = fmt::format("Histoloom {}", kVersion),
        .digital_source_type = kSourceType,
        .note = fmt::format("Inpainted = {},{},{},{} by Histoloom {} model {} {} seed {}", box.x0,
                            box.y0, box.width(), box.height(), kVersion, setup.bundle.name,
                            setup.bundle.version, setup.spec.seed)};
    return setup.slide.write(setup.spec.out, edited, rgb, mark);
  }

  // What is beside the slide.
  void write_others(const pyramid::EditSummary& summary, const nlohmann::ordered_json& job) {
    const GenerateSpec& spec = setup.spec;
    const JobFacts facts{.size = setup.slide.size(),
                         .levels = summary.levels.size(),
                         .bytes = summary.bytes,
                         .tissue_fraction = 1,
                         .model_sha256 = job["model"]["sha256"],
                         .disk_latents = setup.latents_disk(),
                         .cpu_kinds = work.cpu_kinds()};
    nlohmann::ordered_json manifest = manifest_json(spec, setup.bundle, facts, job);
    manifest["synthetic"] = "in part";
    manifest["slide"]["mpp"] = setup.mpp ? nlohmann::ordered_json(*setup.mpp) : nullptr;
    manifest["digital_source_type"] =
        std::string("http://cv.iptc.org/newscodes/digitalsourcetype/") + kSourceType;
    replace_file(manifest_path(spec.out), text_of(manifest));
    if (!spec.report.empty())
      replace_file(spec.report, report_json(spec, setup.bundle, facts, total()));
  }
};

void InpaintRecipe::run(NetworkSource& networks, WorkDirectory& work, Progress& progress) {
  const nlohmann::ordered_json& job_facts = job();
  Run run(setup_, networks, work, progress);
  work.open();
  progress.log(fmt::format("job {}", json_text(job_facts)));
  progress.log(setup_.log_text(work.painted()));
  if (!setup_.labels.warning.empty()) progress.warn(setup_.labels.warning);
  warn_of_stale(setup_.bundle, progress);
  warn_of_other_cpu(work, progress);
  pyramid::EditSummary summary;
  {
    std::optional<LatentArray> picture;
    std::optional<PictureContext> context;
    if (!setup_.coarser.empty()) {
      picture.emplace(setup_.coarser.paint(run, setup_.part()));
      context.emplace(setup_.coarser.context(setup_.bundle, setup_.geometry.canvas,
                                             setup_.coarser.stages().size() - 1, *picture));
    }
    const LatentArray kept = run.encode();
    const CanvasLabels labels = setup_.labels_on_canvas();
    const Scene scene{labels, setup_.bundle.labels.unknown(), std::nullopt, {},
                      &kept,  context ? &*context : nullptr};
    const LatentArray latents = run.paint(setup_.painting, scene);
    std::vector<std::uint8_t> pixels = run.decode(latents);
    run.note_outputs(setup_.spec, replace_, std::nullopt);
    run.claim.reset();
    summary = run.write_slide(std::move(pixels));
  }
  run.write_others(summary, job_facts);
  work.finish();
}

}  // namespace histoloom
