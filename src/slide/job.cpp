#include "histoloom/slide/job.h"

#include <fmt/format.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <vips/vips.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "disk.h"
#include "forecast.h"
#include "generations.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/labels/vips.h"
#include "label_stage.h"
#include "mask_painting.h"
#include "outputs.h"
#include "plan.h"
#include "process_memory.h"
#include "report.h"
#include "resumable.h"
#include "scene_labels.h"
#include "stopwatch.h"
#include "work.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

void check_outputs(const GenerateOptions& o, const Replaceable& replace) {
  require_writable(o.out, "-o");
  require_new(o.out, replace, "-o");
  require_new(manifest_path(o.out), replace, "-o");
  if (!o.thumbnail.empty()) {
    require_writable(o.thumbnail, "--thumbnail");
    require_new(o.thumbnail, replace, "--thumbnail");
  }
  require_writable_directory(work_directory(o), "--work");
}

// The latents and the checkpoint on the disk of the work directory, the slide on that of OUT.
void check_disks(const GenerateOptions& o, const JobPlan& plan, double tissue_fraction) {
  const fs::path work = work_directory(o), partial = pyramid::partial_path(o.out);
  const auto slide =
      static_cast<std::uint64_t>(static_cast<double>(plan.disk_slide) * tissue_fraction);
  require_space(
      {{"the work directory", existing_directory(work), plan.disk_latents + plan.disk_checkpoint,
        bytes_at(work), "--work"},
       {"the slide", existing_directory(directory_of(o.out)), slide, bytes_at(partial), "-o"}});
}

// The C library keeps what large networks gave back, gigabytes of it, beside what the next one asks
// for.
void return_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void write_png(const fs::path& path, const pyramid::Thumbnail& picture) {
  start_vips();
  const VipsPtr<VipsImage> image(vips_image_new_from_memory(
      picture.pixels.data(), picture.pixels.size(), static_cast<int>(picture.size.width),
      static_cast<int>(picture.size.height), picture.channels, VIPS_FORMAT_UCHAR));
  check_internal(image != nullptr, "libvips takes no picture from memory");
  void* bytes = nullptr;
  std::size_t size = 0;
  const int failed = vips_pngsave_buffer(image.get(), &bytes, &size, nullptr);
  const std::unique_ptr<void, decltype(&g_free)> owner(bytes, g_free);
  check_internal(failed == 0, "libvips writes no PNG to memory");
  replace_file(path, {static_cast<const char*>(bytes), size});
}

}  // namespace

struct SlideJob::State {
  GenerateOptions options;
  ModelBundle bundle;
  LabelSet label_set;
  JobPlan plan;
  std::unique_ptr<CanvasLabels> labels;
  std::unique_ptr<MaskPainting> mask_painting;  // where the labels are still to be painted
  std::unique_ptr<Denoiser> denoiser;
  std::unique_ptr<Autoencoder> autoencoder;
  nlohmann::ordered_json job;
  std::unique_ptr<WorkDirectory> work;
  std::optional<ChunkCache> cache;
  Stopwatch watch;
  Tally before;    // of earlier runs
  JobFacts facts;  // of this one, until it is done

  explicit State(const GenerateOptions& o);
  void read_labels();
  void paint_labels(Progress& progress);
  std::vector<float> glass_latent(const GlassTexture& texture) const;
  void run(Progress& progress);
  void divide_memory();
  JobForecast forecast() const;
  std::unique_ptr<GlassField> glass_field() const;
  DecodeOptions decode_options() const;
  LatentArray paint(const std::vector<float>& glass, Progress& progress);
  std::unique_ptr<pyramid::PyramidWriter> start_slide(Progress& progress);
  void write_slide(pyramid::PyramidWriter& writer, const LatentArray& latents,
                   const std::vector<float>& glass, const GlassTexture& texture,
                   Progress& progress);
  Tally tally();
  void commit(PaintedPart part) { work->commit(part, tally()); }
};

SlideJob::State::State(const GenerateOptions& o) : options(o) {
  validate(options);
  const Replaceable replace = settle_resume(options);
  check_outputs(options, replace);
  bundle = ModelBundle::read(options.model);
  check_label_outputs(options, bundle, replace);
  label_set = read_label_set(bundle);
  plan = make_plan_of_job(options, bundle);
  with_context((options.model / "model.json").string(),
               [&] { pyramid::validate(slide_writer_options(options, plan, bundle)); });
  mask_painting = mask_painting_of(options, bundle, label_set);
  if (mask_painting) plan.disk_latents += mask_painting->disk(plan.slide_cells);
  divide_memory();
  read_labels();
  check_disks(options, plan, facts.tissue_fraction);
  denoiser = load_denoiser(bundle, plan.dtype);
  autoencoder = load_autoencoder(bundle, plan.dtype);
  facts.model_sha256 = bundle.sha256();
  job = job_json(options, plan, bundle, facts.model_sha256, sha256_of(labels->slide()),
                 mask_painting ? mask_painting->prompt() : "");
  work = std::make_unique<WorkDirectory>(work_directory(options), !options.work.empty(),
                                         options.resume, options.force, text_of(job));
  before = work->tally();
}

// Of --memory, what the stages leave is the store's.
void SlideJob::State::divide_memory() {
  MemoryNeed need{.painting = painting_memory(bundle, plan.canvas, plan.diffusion),
                  .decoding = decoding_memory(bundle, options.size.width, plan.threads) +
                              pyramid::memory_bound(slide_writer_options(options, plan, bundle))};
  if (mask_painting) {
    const DiffusionOptions masks = mask_painting->options(options.seed, plan.threads);
    need.painting = std::max(need.painting, mask_painting->memory(plan.slide_cells, masks));
  }
  plan.memory = histoloom::divide_memory(
      options.memory, need, fmt::format("a slide {} px wide", options.size.width), plan.threads);
}

// What has been done up to now, in all runs.
Tally SlideJob::State::tally() {
  facts.traffic = cache->traffic();
  facts.wall_seconds = watch.seconds();
  facts.peak_rss_bytes = peak_rss_bytes();
  return sum_of(before, facts);
}

void SlideJob::State::read_labels() {
  const Stopwatch reading;
  std::unique_ptr<LabelField> field = mask_painting ? make_open_layout(options, bundle, label_set)
                                                    : make_labels(options, bundle, label_set);
  if (label_set.glass()) facts.tissue_fraction = tissue_fraction(*field, *label_set.glass());
  labels = std::make_unique<CanvasLabels>(std::move(field), plan.canvas, plan.origin);
  facts.mask_seconds = reading.seconds();
}

void SlideJob::State::paint_labels(Progress& progress) {
  const Stopwatch painting;
  const double read = facts.mask_seconds;
  DiffusionOptions diffusion = mask_painting->options(options.seed, plan.threads);
  diffusion.done = work->painted_labels();
  diffusion.committed = [&](PaintedPart part) {
    facts.mask_seconds = read + painting.seconds();
    work->commit_labels(part, tally());
  };
  auto painted =
      mask_painting->paint(labels->take_slide(), diffusion, plan.dtype, work->mask(),
                           diffusion.done != PaintedPart{}, *cache, progress, facts.mask);
  labels =
      std::make_unique<CanvasLabels>(finished_labels(std::move(painted)), plan.canvas, plan.origin);
  // Less than the outline had where specks were removed.
  if (label_set.glass())
    facts.tissue_fraction = tissue_fraction(labels->slide(), *label_set.glass());
  facts.mask_seconds = read + painting.seconds();
}

LatentArray SlideJob::State::paint(const std::vector<float>& glass, Progress& progress) {
  const Stopwatch painting;
  const auto generation = [&](const fs::path& path) {
    return generation_at(path, work->painted() != PaintedPart{},
                         {bundle.latent_channels, plan.canvas, plan.store_type}, *cache);
  };
  LatentArray even = generation(work->latents(0)), odd = generation(work->latents(1));
  CanvasState state{.y = {&even, &odd}};
  std::vector<LatentArray> clean;
  if (keeps_x0(plan.diffusion.solver)) {
    for (const int i : {0, 1}) clean.push_back(generation(work->clean_latents(i)));
    state.x0 = {&clean[0], &clean[1]};
  }
  DiffusionOptions diffusion = plan.diffusion;
  diffusion.done = work->painted();
  diffusion.committed = [&](PaintedPart part) {
    facts.diffusion_seconds = painting.seconds();
    commit(part);
  };
  const Scene scene{*labels, label_set.unknown(), label_set.glass(), glass};
  const int result =
      paint_latents(bundle, *denoiser, scene, diffusion, state, progress, facts.diffusion);
  facts.diffusion_seconds = painting.seconds();
  return result == 0 ? std::move(even) : std::move(odd);
}

// The slide's writer, anew or from where an earlier run left it.
std::unique_ptr<pyramid::PyramidWriter> SlideJob::State::start_slide(Progress& progress) {
  pyramid::CheckpointOptions checkpoints;
  checkpoints.path = work->checkpoint();
  checkpoints.rows = text_of(job);
  const Stopwatch decoding;
  checkpoints.written = [this, decoding] {
    facts.decode_seconds = decoding.seconds();
    commit(work->painted());
  };
  auto writer = std::make_unique<pyramid::PyramidWriter>(
      options.out, slide_writer_options(options, plan, bundle), &checkpoints);
  if (!writer->restart_reason().empty())
    progress.warn(fmt::format("{}; the slide is decoded anew", writer->restart_reason()));
  if (writer->rows_written() == 0) {
    before.decode = {};
    before.decode_seconds = 0;
  }
  return writer;
}

DecodeOptions SlideJob::State::decode_options() const {
  DecodeOptions decode;
  decode.window = bundle.decode_window;
  decode.overlap = bundle.decode_overlap;
  decode.threads = plan.threads;
  decode.origin = plan.origin;
  return decode;
}

std::unique_ptr<GlassField> SlideJob::State::glass_field() const {
  if (!label_set.glass()) return std::make_unique<NoGlass>();
  return std::make_unique<LabelledGlass>(*labels, *label_set.glass());
}

JobForecast SlideJob::State::forecast() const {
  JobForecast out;
  if (mask_painting)
    out.mask = mask_painting->forecast(
        labels->slide(), mask_painting->options(options.seed, plan.threads), plan.dtype);
  const Scene scene{*labels, label_set.unknown(), label_set.glass(), {}};
  out.image = {forecast_painting(bundle, *denoiser, scene, plan.diffusion,
                                 {.labels_to_come = mask_painting != nullptr}),
               denoiser->gflop_per_evaluation(bundle.patch)};
  out.decode = forecast_decoding(bundle, *autoencoder, plan.canvas, *glass_field(), options.size,
                                 decode_options());
  return out;
}

void SlideJob::State::write_slide(pyramid::PyramidWriter& writer, const LatentArray& latents,
                                  const std::vector<float>& glass, const GlassTexture& texture,
                                  Progress& progress) {
  const Stopwatch decoding;
  DecodeOptions decode = decode_options();
  decode.first_row = writer.rows_written();
  decode_slide(
      bundle, *autoencoder, latents, glass, *glass_field(), texture, options.size, decode,
      [&](const std::uint8_t* rows, std::int64_t count, std::ptrdiff_t stride) {
        writer.write_rows(rows, count, stride);
      },
      progress, facts.decode);
  facts.slide = writer.complete();
  facts.decode_seconds = decoding.seconds();
}

std::vector<float> SlideJob::State::glass_latent(const GlassTexture& texture) const {
  std::vector<std::uint8_t> pixels;
  const int side = bundle.patch * bundle.downsampling;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      pixels.insert(pixels.end(), texture.at(x, y), texture.at(x, y) + 3);
  return mean_latent(bundle, *autoencoder, pixels, {side, side});
}

// OUT gets its name last: whatever happens before, a resume has a checkpoint to go on from.
void SlideJob::State::run(Progress& progress) {
  watch = {};
  cache.emplace(plan.memory.cache);
  work->open(outputs_of(options));
  if (mask_painting) paint_labels(progress);
  const GlassTexture texture(options.tile);
  const std::vector<float> glass = glass_latent(texture);
  // Only one network at a time: a published one holds gigabytes.
  autoencoder.reset();
  return_freed_memory();
  std::unique_ptr<pyramid::PyramidWriter> slide;
  {
    const LatentArray latents = paint(glass, progress);
    denoiser.reset();
    return_freed_memory();
    autoencoder = load_autoencoder(bundle, plan.dtype);
    slide = start_slide(progress);
    write_slide(*slide, latents, glass, texture, progress);
  }
  write_labels(options, bundle, label_set, labels->slide(), progress);
  if (!options.thumbnail.empty()) write_png(options.thumbnail, facts.slide.thumbnail);
  replace_file(manifest_path(options.out),
               text_of(manifest_json(options, plan, bundle, facts, job)));
  static_cast<Tally&>(facts) = tally();
  if (!options.report.empty())
    replace_file(options.report, report_json(options, plan, bundle, facts));
  slide->publish();
  work->finish();
}

SlideJob::SlideJob(const GenerateOptions& options) : state_(std::make_unique<State>(options)) {}
SlideJob::~SlideJob() = default;
SlideJob::SlideJob(SlideJob&&) noexcept = default;

void SlideJob::run(Progress& progress) {
  run_resumable([&] { state_->run(progress); });
}

std::string SlideJob::describe() const {
  const State& s = *state_;
  const GenerateOptions& o = s.options;
  const auto writer = slide_writer_options(o, s.plan, s.bundle);
  const JobForecast forecast = s.forecast();
  return fmt::format(
      "slide        {}x{} px, {} levels, {} tiles at most, {:.0f} % tissue\n"
      "evaluations  {}\n"
      "time         {}\n"
      "disk         {} for latents, at most about {} for the slide\n"
      "memory       {} for strips, batches and tiles and {} for chunks, beside the networks\n",
      o.size.width, o.size.height, pyramid::level_sizes(writer).size(), pyramid::tile_count(writer),
      100 * s.facts.tissue_fraction, evaluations_text(forecast, s.plan.diffusion),
      time_text(forecast, s.plan.threads), format_byte_size(s.plan.disk_latents),
      format_byte_size(s.plan.disk_slide), format_byte_size(s.plan.memory.working),
      format_byte_size(s.plan.memory.cache));
}

}  // namespace histoloom
