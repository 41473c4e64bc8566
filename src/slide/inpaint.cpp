#include "histoloom/slide/inpaint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "disk.h"
#include "forecast.h"
#include "generations.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "histoloom/decode/window_encoder.h"
#include "histoloom/labels/pixel_region.h"
#include "histoloom/pyramid/tile_editor.h"
#include "histoloom/slide/version.h"
#include "inpaint_region.h"
#include "label_stage.h"
#include "outputs.h"
#include "picture_source.h"
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

constexpr double kScaleTolerance = 0.1;    // between the slide's and the model's microns a pixel
constexpr std::int64_t kBytesAPixel = 30;  // of the region and its surroundings
constexpr const char* kSourceType = "compositeWithTrainedAlgorithmicMedia";

void check_files(const GenerateOptions& o, const Replaceable& replace) {
  std::error_code code;
  if (fs::equivalent(o.inpaint, o.out, code))
    throw UserError(fmt::format("-o {}: is the slide itself, which is kept; give another name",
                                o.out.string()));
  require_writable(o.out, "-o");
  require_new(o.out, replace, "-o");
  require_new(manifest_path(o.out), replace, "-o");
  require_writable_directory(work_directory(o), "--work");
}

constexpr std::uint64_t kWideTile = 512;  // wider than slides have them

// The latents on the disk of the work directory; on that of OUT the copy, and tiles that take no
// more than their pixels in all levels together.
void check_disks(const GenerateOptions& o, const JobPlan& plan, const PixelRect& blend) {
  const fs::path work = work_directory(o), partial = pyramid::partial_path(o.out);
  const std::uint64_t tiles = 4 * (static_cast<std::uint64_t>(blend.width()) + 2 * kWideTile) *
                              (static_cast<std::uint64_t>(blend.height()) + 2 * kWideTile);
  require_space({{"the work directory", existing_directory(work), plan.disk_latents, bytes_at(work),
                  "--work"},
                 {"the slide", existing_directory(directory_of(o.out)),
                  fs::file_size(o.inpaint) + tiles, bytes_at(partial), "-o"}});
}

// The slide's microns a pixel, where it says them. The model knows tissue at one scale only.
std::optional<double> checked_scale(const GenerateOptions& o, const ModelBundle& bundle) {
  const std::optional<double> mpp = PictureSource(o.inpaint).facts().mpp;
  if (o.any_scale) return mpp;
  if (!mpp)
    throw UserError(
        fmt::format("{}: doesn't say how many microns a pixel has, the model paints {}; give "
                    "--any-scale if it is the same",
                    o.inpaint.string(), bundle.mpp));
  if (std::abs(*mpp / bundle.mpp - 1) > kScaleTolerance)
    throw UserError(
        fmt::format("{}: has {} microns a pixel, the model paints {}; take a model within {:.0f} "
                    "%, or paint at the wrong scale with --any-scale",
                    o.inpaint.string(), *mpp, bundle.mpp, 100 * kScaleTolerance));
  return mpp;
}

std::string sha256_of_bytes(const std::vector<std::uint8_t>& bytes) {
  return Sha256().add(bytes.data(), bytes.size()).hex();
}

// Pixels of whole cells; past the slide's edges its last column and row are repeated.
std::vector<std::uint8_t> read_cells(const pyramid::TileEditor& slide, const PixelRect& rect) {
  const PixelRect inside = intersect(rect, PixelRect::of(slide.size()));
  const std::vector<std::uint8_t> pixels = slide.read(inside);
  if (inside == rect) return pixels;
  std::vector<std::uint8_t> out;
  for (std::int64_t y = rect.y0; y < rect.y1; ++y)
    for (std::int64_t x = rect.x0; x < rect.x1; ++x) {
      const std::int64_t row = std::min(y, inside.y1 - 1) - inside.y0;
      const std::int64_t column = std::min(x, inside.x1 - 1) - inside.x0;
      const auto pixel = pixels.begin() + 3 * (row * inside.width() + column);
      out.insert(out.end(), pixel, pixel + 3);
    }
  return out;
}

}  // namespace

struct InpaintJob::State {
  GenerateOptions options;
  ModelBundle bundle;
  LabelSet label_set;
  std::unique_ptr<pyramid::TileEditor> slide;
  std::optional<double> mpp;  // of the slide
  PixelRegion region;
  InpaintGeometry geometry;
  std::vector<std::uint8_t> pixels;  // of the canvas, as the slide has them
  JobPlan plan;
  std::unique_ptr<CanvasLabels> labels;
  std::vector<std::uint8_t> painted;  // 1 for the canvas's cells that are painted
  nlohmann::ordered_json job;
  std::unique_ptr<WorkDirectory> work;
  JobFacts facts;

  explicit State(const GenerateOptions& o);
  LabelId class_id() const;
  void read_labels();
  nlohmann::ordered_json describe_job() const;
  void divide_memory();
  JobForecast forecast() const;
  DecodeOptions decode_options() const;
  void run(Progress& progress);
  LatentArray encode(ChunkCache& cache, Progress& progress);
  LatentArray paint(const LatentArray& kept, ChunkCache& cache, Progress& progress);
  std::vector<std::uint8_t> decode(const LatentArray& latents, Progress& progress);
  void write(const std::vector<std::uint8_t>& rgb);

  PixelRect canvas_pixels() const {
    return pixels_from_latent(geometry.canvas, bundle.downsampling);
  }
  // A cell of the slide on the canvas.
  LatentPoint on_canvas(LatentPoint cell) const {
    return {cell.x - geometry.canvas.x0, cell.y - geometry.canvas.y0};
  }
};

InpaintJob::State::State(const GenerateOptions& o) : options(o) {
  validate(options);
  region = options.region_file.empty() ? PixelRegion::rectangle(parse_region(options.region))
                                       : PixelRegion::read(options.region_file);
  const Replaceable replace = settle_resume(options);
  check_files(options, replace);
  bundle = ModelBundle::read(options.model);
  check_label_outputs(options, bundle, replace);
  label_set = read_label_set(bundle);
  slide = std::make_unique<pyramid::TileEditor>(options.inpaint);
  mpp = checked_scale(options, bundle);
  validate_region(region.box(), slide->size(), bundle);
  geometry = inpaint_geometry(region.box(), slide->size(), bundle);
  pixels = read_cells(*slide, canvas_pixels());

  options.size = slide->size();
  plan = make_plan_of_job(options, bundle);
  plan.canvas = geometry.canvas.size();
  plan.disk_latents = 7 * latent_array_bytes(bundle.latent_channels, plan.canvas, plan.store_type);
  read_labels();
  painted = painted_cells(region, geometry, *labels, label_set.glass(), bundle.downsampling);
  divide_memory();
  check_disks(options, plan, geometry.blend);
  facts.model_sha256 = bundle.sha256();
  job = describe_job();
  work = std::make_unique<WorkDirectory>(work_directory(options), !options.work.empty(),
                                         options.resume, options.force, text_of(job));
}

// The region with its surroundings is in memory, besides what the stages hold.
void InpaintJob::State::divide_memory() {
  const PixelSize around = canvas_pixels().size();
  const auto pixels_held = static_cast<std::uint64_t>(kBytesAPixel * around.area());
  const MemoryNeed need{
      .painting = pixels_held + painting_memory(bundle, plan.canvas, plan.diffusion),
      .decoding = pixels_held + decoding_memory(bundle, around.width, plan.threads)};
  plan.memory = histoloom::divide_memory(
      options.memory, need,
      fmt::format("a region with {}x{} px around it", around.width, around.height), plan.threads);
}

LabelId InpaintJob::State::class_id() const {
  if (options.class_name.empty()) return label_set.unknown();
  const Label* label = label_set.find(options.class_name);
  if (label == nullptr || label->id == label_set.glass())
    throw UserError(
        fmt::format("--class must be a label of the model other than glass ({}), got "
                    "'{}'",
                    label_set.describe(), options.class_name));
  return label->id;
}

void InpaintJob::State::read_labels() {
  std::unique_ptr<LabelField> field;
  if (options.mask.empty())
    field = std::make_unique<LabelGrid>(plan.slide_cells, class_id());
  else
    field = make_labels(options, bundle, label_set);
  labels = std::make_unique<CanvasLabels>(std::move(field), plan.canvas, on_canvas({0, 0}));
}

nlohmann::ordered_json InpaintJob::State::describe_job() const {
  const PixelRect box = region.box();
  nlohmann::ordered_json json =
      job_json(options, plan, bundle, facts.model_sha256, sha256_of(labels->slide()),
               /*prompt=*/"");
  json["labels"]["source"] = !options.mask.empty()        ? "mask"
                             : options.class_name.empty() ? "unknown"
                                                          : "class " + options.class_name;
  json["inpaint"] = {{"slide", options.inpaint.filename().string()},
                     {"surroundings_sha256", sha256_of_bytes(pixels)},
                     {"region", {box.x0, box.y0, box.width(), box.height()}},
                     {"region_sha256", sha256_of_bytes(region.inside(box))},
                     {"blend_margin", kBlendMargin}};
  return json;
}

// The canvas's latents, NaN in the cells that are painted.
LatentArray InpaintJob::State::encode(ChunkCache& cache, Progress& progress) {
  const auto autoencoder = load_autoencoder(bundle, plan.dtype);
  // Made again by a run that resumes; its values are the same.
  const fs::path path = work->latents(0).parent_path() / "kept";
  fs::remove_all(path);
  LatentArray kept =
      LatentArray::create(path, bundle.latent_channels, plan.canvas, plan.store_type, cache);
  encode_picture(
      bundle, *autoencoder, pixels, canvas_pixels().size(), plan.threads,
      [&](const LatentRect& cells, const float* latents) {
        std::vector<float> known(latents, latents + cells.area() * bundle.latent_channels);
        for (std::size_t i = 0; i < known.size(); ++i) {
          const std::int64_t cell = static_cast<std::int64_t>(i) % cells.area();
          const std::int64_t x = cells.x0 + cell % cells.width();
          const std::int64_t y = cells.y0 + cell / cells.width();
          if (painted[static_cast<std::size_t>(y * plan.canvas.width + x)] != 0)
            known[i] = std::numeric_limits<float>::quiet_NaN();
        }
        kept.write(cells, known.data());
      },
      progress);
  return kept;
}

LatentArray InpaintJob::State::paint(const LatentArray& kept, ChunkCache& cache,
                                     Progress& progress) {
  const Stopwatch watch;
  const auto denoiser = load_denoiser(bundle, plan.dtype);
  std::vector<LatentArray> arrays;
  for (const fs::path& path :
       {work->latents(0), work->latents(1), work->clean_latents(0), work->clean_latents(1)})
    arrays.push_back(generation_at(path, work->painted() != PaintedPart{},
                                   {bundle.latent_channels, plan.canvas, plan.store_type}, cache));
  DiffusionOptions diffusion = plan.diffusion;
  diffusion.done = work->painted();
  diffusion.committed = [&](PaintedPart part) {
    facts.diffusion_seconds = facts.wall_seconds = watch.seconds();
    facts.traffic = cache.traffic();
    work->commit(part, sum_of(work->tally(), facts));
  };
  const Scene scene{*labels, label_set.unknown(), std::nullopt, {}, &kept};
  const CanvasState state{.y = {&arrays[0], &arrays[1]}, .x0 = {&arrays[2], &arrays[3]}};
  const int result =
      paint_latents(bundle, *denoiser, scene, diffusion, state, progress, facts.diffusion);
  facts.diffusion_seconds = watch.seconds();
  return std::move(arrays[static_cast<std::size_t>(result)]);
}

DecodeOptions InpaintJob::State::decode_options() const {
  DecodeOptions decode;
  decode.window = bundle.decode_window;
  decode.overlap = bundle.decode_overlap;
  decode.threads = plan.threads;
  decode.origin = on_canvas(geometry.decoded.corner());
  return decode;
}

JobForecast InpaintJob::State::forecast() const {
  JobForecast out;
  const PaintedCells cells(painted, plan.canvas);
  // A class that is given is a label of its own, not unknown.
  const LabelId unknown =
      options.class_name.empty() ? PaintedCells::kPainted : PaintedCells::kNotPainted;
  const Scene scene{cells, unknown, PaintedCells::kNotPainted, {}};
  const auto denoiser = load_denoiser(bundle, plan.dtype);
  out.image = {forecast_painting(bundle, *denoiser, scene, plan.diffusion,
                                 {.labels_to_come = !options.mask.empty()}),
               denoiser->gflop_per_evaluation(bundle.patch)};
  const auto autoencoder = load_autoencoder(bundle, plan.dtype);
  const PixelRect all = pixels_from_latent(geometry.decoded, bundle.downsampling);
  out.decode =
      forecast_decoding(bundle, *autoencoder, plan.canvas, NoGlass(), all.size(), decode_options());
  return out;
}

std::vector<std::uint8_t> InpaintJob::State::decode(const LatentArray& latents,
                                                    Progress& progress) {
  const Stopwatch watch;
  const auto autoencoder = load_autoencoder(bundle, plan.dtype);
  const PixelRect all = pixels_from_latent(geometry.decoded, bundle.downsampling);
  // Of the decoded cells, the pixels that are blended.
  std::vector<std::uint8_t> out;
  std::int64_t y = all.y0;
  decode_slide(
      bundle, *autoencoder, latents, {}, NoGlass(), GlassTexture(16), all.size(), decode_options(),
      [&](const std::uint8_t* rows, std::int64_t count, std::ptrdiff_t stride) {
        for (; count > 0; --count, rows += stride, ++y)
          if (y >= geometry.blend.y0 && y < geometry.blend.y1)
            out.insert(out.end(), rows + 3 * (geometry.blend.x0 - all.x0),
                       rows + 3 * (geometry.blend.x1 - all.x0));
      },
      progress, facts.decode);
  facts.decode_seconds = watch.seconds();
  return out;
}

void InpaintJob::State::write(const std::vector<std::uint8_t>& rgb) {
  const PixelRect box = region.box();
  const pyramid::EditMark mark{
      .software = fmt::format("Histoloom {}", kVersion),
      .digital_source_type = kSourceType,
      .note = fmt::format("Inpainted = {},{},{},{} by Histoloom {} model {} {} seed {}", box.x0,
                          box.y0, box.width(), box.height(), kVersion, bundle.name, bundle.version,
                          options.seed)};
  const pyramid::EditSummary summary = slide->write(options.out, geometry.blend, rgb, mark);
  for (const pyramid::EditedLevel& level : summary.levels)
    facts.slide.levels.push_back({.size = level.size, .tiles = level.replaced});
  facts.slide.bytes = summary.bytes;
}

void InpaintJob::State::run(Progress& progress) {
  const Stopwatch watch;
  ChunkCache cache(plan.memory.cache);
  work->open(outputs_of(options));
  {
    const LatentArray kept = encode(cache, progress);
    const LatentArray latents = paint(kept, cache, progress);
    std::vector<std::uint8_t> rgb = decode(latents, progress);
    blend(rgb, slide->read(geometry.blend),
          blend_weights(
              replaced_pixels(region, geometry.blend, geometry, painted, bundle.downsampling),
              geometry.blend.size()));
    write(rgb);
    facts.traffic = cache.traffic();
  }
  nlohmann::ordered_json manifest = manifest_json(options, plan, bundle, facts, job);
  manifest["synthetic"] = "in part";
  manifest["slide"]["mpp"] = mpp ? nlohmann::ordered_json(*mpp) : nullptr;
  manifest["digital_source_type"] =
      std::string("http://cv.iptc.org/newscodes/digitalsourcetype/") + kSourceType;
  replace_file(manifest_path(options.out), text_of(manifest));
  facts.wall_seconds = watch.seconds();
  facts.peak_rss_bytes = peak_rss_bytes();
  static_cast<Tally&>(facts) = sum_of(work->tally(), facts);
  if (!options.report.empty())
    replace_file(options.report, report_json(options, plan, bundle, facts));
  work->finish();
}

InpaintJob::InpaintJob(const GenerateOptions& options) : state_(std::make_unique<State>(options)) {}
InpaintJob::~InpaintJob() = default;
InpaintJob::InpaintJob(InpaintJob&&) noexcept = default;

void InpaintJob::run(Progress& progress) {
  run_resumable([&] { state_->run(progress); });
}

std::string InpaintJob::describe() const {
  const State& s = *state_;
  const JobForecast forecast = s.forecast();
  const auto cells = std::count(s.painted.begin(), s.painted.end(), 1);
  return fmt::format(
      "slide        {}x{} px, of which {}x{} are painted anew and {}x{} written\n"
      "cells        {} painted, {} kept around them\n"
      "evaluations  {}\n"
      "time         {}\n"
      "disk         {} for latents, the slide's {} and the new tiles\n"
      "memory       {} for pixels, strips and batches and {} for chunks, beside the networks\n",
      s.options.size.width, s.options.size.height, s.region.box().width(), s.region.box().height(),
      s.geometry.blend.width(), s.geometry.blend.height(), cells,
      static_cast<std::int64_t>(s.painted.size()) - cells,
      evaluations_text(forecast, s.plan.diffusion), time_text(forecast, s.plan.threads),
      format_byte_size(s.plan.disk_latents), format_byte_size(fs::file_size(s.options.inpaint)),
      format_byte_size(s.plan.memory.working), format_byte_size(s.plan.memory.cache));
}

}  // namespace histoloom
