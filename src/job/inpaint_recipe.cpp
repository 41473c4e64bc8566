#include "inpaint_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "disk.h"
#include "forecast_text.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "histoloom/core/version.h"
#include "histoloom/core/writable.h"
#include "histoloom/decode/window_encoder.h"
#include "histoloom/pictures/open_picture.h"
#include "job_json.h"
#include "label_stage.h"
#include "outputs.h"
#include "sampling_choice.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr double kScaleTolerance = 0.1;    // between the slide's and the model's microns a pixel
constexpr std::int64_t kBytesAPixel = 30;  // of the region and its surroundings
constexpr std::uint64_t kWideTile = 512;   // wider than slides have them
constexpr const char* kSourceType = "compositeWithTrainedAlgorithmicMedia";

// The slide's microns a pixel, where it says them. The model knows tissue at one scale only.
std::optional<double> checked_scale(const Inpainting& what, const ModelBundle& bundle) {
  const std::optional<double> mpp = open_picture(what.slide)->facts().mpp;
  if (what.any_scale) return mpp;
  if (!mpp)
    throw UserError(
        fmt::format("{}: doesn't say how many microns a pixel has, the model paints {}; give "
                    "--any-scale if it is the same",
                    what.slide.string(), bundle.mpp));
  if (std::abs(*mpp / bundle.mpp - 1) > kScaleTolerance)
    throw UserError(
        fmt::format("{}: has {} microns a pixel, the model paints {}; take a model within {:.0f} "
                    "%, or paint at the wrong scale with --any-scale",
                    what.slide.string(), *mpp, bundle.mpp, 100 * kScaleTolerance));
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

PixelRegion region_of(const Inpainting& what) {
  if (const auto* file = std::get_if<fs::path>(&what.region)) return PixelRegion::read(*file);
  return PixelRegion::rectangle(std::get<PixelRect>(what.region));
}

InpaintGeometry checked_geometry(const PixelRect& box, PixelSize slide, const ModelBundle& bundle) {
  validate_region(box, slide, bundle);
  return inpaint_geometry(box, slide, bundle);
}

}  // namespace

void require_copy(const GenerateSpec& spec) {
  std::error_code code;
  if (fs::equivalent(std::get<Inpainting>(spec.what).slide, spec.out, code))
    throw UserError(fmt::format("-o {}: is the slide itself, which is kept; give another name",
                                spec.out.string()));
}

InpaintRecipe::InpaintRecipe(const GenerateSpec& spec, const ModelBundle& bundle)
    : spec_(spec),
      what_(std::get<Inpainting>(spec.what)),
      bundle_(bundle),
      region_(region_of(what_)),
      slide_(what_.slide),
      mpp_(checked_scale(what_, bundle)),
      geometry_(checked_geometry(region_.box(), slide_.size(), bundle)),
      pixels_(read_cells(slide_, canvas_pixels())),
      labels_(read_labels()),
      painted_(
          painted_cells(region_, geometry_,
                        CanvasLabels(*labels_, geometry_.place().size, geometry_.place().origin),
                        bundle.labels.glass(), bundle.latent.downsampling)),
      painting_(bundle.image(), sampling_of_job(spec, bundle), geometry_.place().size,
                spec.machine.threads),
      decoding_(bundle, decoded_pixels().size(), geometry_.place().size,
                geometry_.place().to_canvas(geometry_.decoded.corner()), spec.machine.threads) {
  // The region with its surroundings is in memory, besides what the stages hold.
  const PixelSize around = canvas_pixels().size();
  const auto held = static_cast<std::uint64_t>(kBytesAPixel * around.area());
  memory_ =
      divide_memory(spec.machine.memory,
                    {.painting = held + painting_.memory(), .decoding = held + decoding_.memory()},
                    fmt::format("a region with {}x{} px around it", around.width, around.height),
                    spec.machine.threads);
  check_disks();
  facts_ = {.size = slide_.size(), .model_sha256 = {}, .disk_latents = latents_disk()};
}

LabelId InpaintRecipe::class_id() const {
  const LabelSet& labels = bundle_.labels;
  if (what_.class_name.empty()) return labels.unknown();
  const Label* label = labels.find(what_.class_name);
  if (label == nullptr || label->id == labels.glass())
    throw UserError(
        fmt::format("--class must be a label of the model other than glass ({}), got "
                    "'{}'",
                    labels.describe(), what_.class_name));
  return label->id;
}

std::unique_ptr<LabelField> InpaintRecipe::read_labels() const {
  if (what_.mask) return read_mask_labels(*what_.mask, slide_.size(), spec_.seed, bundle_);
  return std::make_unique<LabelGrid>(latent_size_for(slide_.size(), bundle_.latent.downsampling),
                                     class_id());
}

std::uint64_t InpaintRecipe::latents_disk() const {
  return painting_.disk() +
         latent_array_bytes(bundle_.latent.channels, geometry_.place().size, StoreType::float16);
}

// The latents on the disk of the work directory; on that of OUT the copy, and tiles that take no
// more than their pixels in all levels together.
void InpaintRecipe::check_disks() const {
  const PixelRect& blend = geometry_.blend;
  const std::uint64_t tiles = 4 * (static_cast<std::uint64_t>(blend.width()) + 2 * kWideTile) *
                              (static_cast<std::uint64_t>(blend.height()) + 2 * kWideTile);
  require_space(
      {{"the work directory", existing_directory(spec_.work.directory), latents_disk(),
        bytes_at(spec_.work.directory), "--work"},
       {"the slide", existing_directory(directory_of(spec_.out)),
        fs::file_size(what_.slide) + tiles, bytes_at(pyramid::partial_path(spec_.out)), "-o"}});
}

nlohmann::ordered_json InpaintRecipe::job() {
  if (facts_.model_sha256.empty()) facts_.model_sha256 = bundle_.sha256();
  const PixelRect box = region_.box();
  nlohmann::ordered_json json =
      job_json(spec_, slide_.size(), painting_.sampling(), bundle_, facts_.model_sha256,
               {.source = what_.mask                 ? "mask"
                          : what_.class_name.empty() ? "unknown"
                                                     : "class " + what_.class_name,
                .prompt = "",
                .sha256 = sha256_of(*labels_)});
  json["inpaint"] = {{"slide", what_.slide.filename().string()},
                     {"surroundings_sha256", sha256_of_bytes(pixels_)},
                     {"region", {box.x0, box.y0, box.width(), box.height()}},
                     {"region_sha256", sha256_of_bytes(region_.inside(box))},
                     {"blend_margin", kBlendMargin}};
  return json;
}

std::vector<float> InpaintRecipe::without_painted(const LatentRect& cells,
                                                  const float* latents) const {
  std::vector<float> out(latents, latents + cells.area() * bundle_.latent.channels);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t cell = static_cast<std::int64_t>(i) % cells.area();
    const std::int64_t x = cells.x0 + cell % cells.width(), y = cells.y0 + cell / cells.width();
    if (painted_[static_cast<std::size_t>(y * geometry_.canvas.width() + x)] != 0)
      out[i] = std::numeric_limits<float>::quiet_NaN();
  }
  return out;
}

// One run of the recipe.
struct InpaintRecipe::Run {
  InpaintRecipe& recipe;
  NetworkSource& networks;
  WorkDirectory& work;
  Progress& progress;
  Ledger ledger{work.account()};
  ChunkCache cache{recipe.memory_.cache};

  Account total() { return ledger.total(cache.traffic()); }

  // The canvas's latents, NaN in the cells that are painted. Made again by a run that resumes; its
  // values are the same.
  LatentArray encode() {
    const fs::path path = work.latents() / "kept";
    fs::remove_all(path);
    LatentArray kept =
        LatentArray::create(path, recipe.bundle_.latent.channels, recipe.geometry_.place().size,
                            StoreType::float16, cache);
    encode_picture(
        recipe.bundle_.latent, recipe.bundle_.decode_window, networks.autoencoder(), recipe.pixels_,
        recipe.canvas_pixels().size(), recipe.spec_.machine.threads,
        [&](const LatentRect& cells, const float* latents) {
          kept.write(cells, recipe.without_painted(cells, latents).data());
        },
        progress);
    return kept;
  }

  LatentArray paint(const LatentArray& kept) {
    const Stopwatch watch;
    Account& run = ledger.run();
    const Canvas place = recipe.geometry_.place();
    const CanvasLabels labels(*recipe.labels_, place.size, place.origin);
    const Scene scene{labels, recipe.bundle_.labels.unknown(), std::nullopt, {}, &kept};
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

  // The pixels that are blended.
  std::vector<std::uint8_t> decode(const LatentArray& latents) {
    const Stopwatch watch;
    const PixelRect all = recipe.decoded_pixels();
    const PixelRect& blend = recipe.geometry_.blend;
    const NoGlass none;
    const GlassTexture texture(16);
    std::vector<std::uint8_t> out;
    std::int64_t y = all.y0;
    recipe.decoding_.run(
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
};

void InpaintRecipe::write_slide(std::vector<std::uint8_t> rgb) {
  const PixelRect box = region_.box();
  blend(rgb, slide_.read(geometry_.blend),
        blend_weights(replaced_pixels(region_, geometry_.blend, geometry_, painted_,
                                      bundle_.latent.downsampling),
                      geometry_.blend.size()));
  const pyramid::EditMark mark{
      .software = fmt::format("Histoloom {}", kVersion),
      .digital_source_type = kSourceType,
      .note = fmt::format("Inpainted = {},{},{},{} by Histoloom {} model {} {} seed {}", box.x0,
                          box.y0, box.width(), box.height(), kVersion, bundle_.name,
                          bundle_.version, spec_.seed)};
  const pyramid::EditSummary summary = slide_.write(spec_.out, geometry_.blend, rgb, mark);
  facts_.levels = summary.levels.size();
  facts_.bytes = summary.bytes;
}

void InpaintRecipe::write_manifest() {
  nlohmann::ordered_json manifest = manifest_json(spec_, bundle_, facts_, job());
  manifest["synthetic"] = "in part";
  manifest["slide"]["mpp"] = mpp_ ? nlohmann::ordered_json(*mpp_) : nullptr;
  manifest["digital_source_type"] =
      std::string("http://cv.iptc.org/newscodes/digitalsourcetype/") + kSourceType;
  replace_file(manifest_path(spec_.out), text_of(manifest));
}

void InpaintRecipe::run(NetworkSource& networks, WorkDirectory& work, Progress& progress) {
  Run run{*this, networks, work, progress};
  work.open(outputs_of(spec_));
  progress.log(fmt::format("job {}", job().dump()));
  progress.log(fmt::format("a canvas of {}x{} cells; from step {}, crop {} on",
                           geometry_.canvas.width(), geometry_.canvas.height(),
                           work.painted().steps, work.painted().crops));
  {
    const LatentArray kept = run.encode();
    const LatentArray latents = run.paint(kept);
    write_slide(run.decode(latents));
  }
  write_manifest();
  if (!spec_.report.empty())
    replace_file(spec_.report, report_json(spec_, bundle_, facts_, run.total()));
  work.finish();
}

std::string InpaintRecipe::describe(NetworkSource& networks) const {
  const PaintedCells cells(painted_, geometry_.place().size);
  // A class that is given is a label of its own, not unknown.
  const LabelId unknown =
      what_.class_name.empty() ? PaintedCells::kPainted : PaintedCells::kNotPainted;
  const Scene scene{cells, unknown, PaintedCells::kNotPainted, {}};
  JobForecast forecast;
  forecast.image =
      painting_.forecast(networks.denoiser(), scene, {.labels_to_come = what_.mask.has_value()});
  forecast.decode = decoding_.forecast(networks.autoencoder(), NoGlass());
  const auto painted = std::count(painted_.begin(), painted_.end(), 1);
  return fmt::format(
      "slide        {}x{} px, of which {}x{} are painted anew and {}x{} written\n"
      "cells        {} painted, {} kept around them\n"
      "evaluations  {}\n"
      "time         {}\n"
      "disk         {} for latents, the slide's {} and the new tiles\n"
      "memory       {} for pixels, strips and batches and {} for chunks, beside the networks\n",
      facts_.size.width, facts_.size.height, region_.box().width(), region_.box().height(),
      geometry_.blend.width(), geometry_.blend.height(), painted,
      static_cast<std::int64_t>(painted_.size()) - painted,
      evaluations_text(forecast, painting_.sampling()), time_text(forecast, spec_.machine.threads),
      format_byte_size(latents_disk()), format_byte_size(fs::file_size(what_.slide)),
      format_byte_size(memory_.working), format_byte_size(memory_.cache));
}

}  // namespace histoloom
