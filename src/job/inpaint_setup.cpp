#include "inpaint_setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "disk.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/file.h"
#include "histoloom/core/sha256.h"
#include "histoloom/core/writable.h"
#include "job_json.h"
#include "sampling_choice.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kBytesAPixel = 30;  // of the region and its surroundings
constexpr std::uint64_t kWideTile = 512;   // wider than slides have them

std::string sha256_of_bytes(const std::vector<std::uint8_t>& bytes) {
  return Sha256().add(bytes.data(), bytes.size()).hex();
}

InpaintGeometry checked_geometry(const PixelRect& box, PixelSize slide, const ModelBundle& bundle) {
  validate_region(box, slide, bundle);
  return inpaint_geometry(box, slide, bundle);
}

}  // namespace

InpaintSetup::InpaintSetup(const GenerateSpec& s, const ModelBundle& b)
    : spec(s),
      what(std::get<Inpainting>(s.what)),
      bundle(b),
      region(region_of(what)),
      slide(what.slide),
      mpp(checked_scale(what, b)),
      geometry(checked_geometry(region.box(), slide.size(), b)),
      pixels(read_padded(slide, canvas_pixels())),
      labels(labels_of(what, {region, geometry.painted, geometry.canvas, pixels}, slide.size(),
                       s.seed, b)),
      painted(painted_cells(region, geometry, labels_on_canvas(), b.labels.glass(),
                            b.latent.downsampling)),
      coarser(what, b, part(), s.seed, s.machine.threads),
      painting(b.image(), sampling_of_job(s, b), geometry.place().size, s.machine.threads),
      decoding(b, decoded_pixels().size(), geometry.place().size,
               geometry.place().to_canvas(geometry.decoded.corner()), s.machine.threads) {
  // The region with its surroundings is in memory, besides what the stages hold.
  const PixelSize around = canvas_pixels().size();
  const auto held = static_cast<std::uint64_t>(kBytesAPixel * around.area());
  memory =
      divide_memory(s.machine.memory,
                    {.painting = held + std::max(painting.memory(), coarser.memory().painting),
                     .decoding = held + std::max(decoding.memory(), coarser.memory().decoding)},
                    fmt::format("a region with {}x{} px around it", around.width, around.height),
                    s.machine.threads);
  check_disks();
  slide.check(geometry.blend);
}

std::uint64_t InpaintSetup::latents_disk() const {
  return painting.disk() + coarser.disk() +
         latent_array_bytes(bundle.latent.channels, geometry.place().size, StoreType::float16);
}

// The latents on the disk of the work directory; on that of OUT the copy, and tiles that take no
// more than their pixels in all levels together.
void InpaintSetup::check_disks() const {
  const PixelRect& blend = geometry.blend;
  const std::uint64_t tiles = 4 * (static_cast<std::uint64_t>(blend.width()) + 2 * kWideTile) *
                              (static_cast<std::uint64_t>(blend.height()) + 2 * kWideTile);
  require_space(
      {{"the work directory", existing_directory(spec.work.directory), latents_disk(),
        bytes_at(spec.work.directory), "--work"},
       {"the slide", existing_directory(directory_of(spec.out)), fs::file_size(what.slide) + tiles,
        bytes_at(pyramid::partial_path(spec.out)), "-o"}});
}

std::string InpaintSetup::source_of_labels() const {
  if (what.mask) return "mask";
  if (!what.class_name.empty()) return "class " + what.class_name;
  return region.has_classes() ? "polygons" : "unknown";
}

nlohmann::ordered_json InpaintSetup::job() const {
  const PixelRect box = region.box();
  nlohmann::ordered_json facts =
      job_json(spec, slide.size(), painting.sampling(), bundle, bundle.sha256(),
               {.source = source_of_labels(), .prompt = "", .sha256 = sha256_of(*labels.field)});
  facts["inpaint"] = {{"slide", what.slide.filename().string()},
                      {"surroundings_sha256", sha256_of_bytes(pixels)},
                      {"region", {box.x0, box.y0, box.width(), box.height()}},
                      {"region_sha256", sha256_of_bytes(region.inside(box))},
                      {"blend_margin", kBlendMargin}};
  if (!coarser.empty()) facts["inpaint"]["coarser_sha256"] = coarser.sha256();
  return facts;
}

std::string InpaintSetup::log_text(PaintedPart done) const {
  return fmt::format("a canvas of {}x{} cells; from step {}, crop {} on", geometry.canvas.width(),
                     geometry.canvas.height(), done.steps, done.crops);
}

JobForecast InpaintSetup::job_forecast(NetworkSource& networks) const {
  const PaintedCells cells(painted, geometry.place().size);
  // A class that is given is a label of its own, not unknown.
  const bool labelled = !what.class_name.empty() || region.has_classes();
  const LabelId unknown = labelled ? PaintedCells::kNotPainted : PaintedCells::kPainted;
  const Scene scene{cells, unknown, PaintedCells::kNotPainted, {}};
  JobForecast forecast;
  forecast.coarser = coarser.forecast(networks);
  forecast.image =
      painting.forecast(networks.denoiser(), scene, {.labels_to_come = what.mask.has_value()});
  forecast.decode = decoding.forecast(networks.autoencoder(), NoGlass());
  return forecast;
}

std::string InpaintSetup::json_text_of(const JobForecast& forecast) const {
  const PixelRect box = region.box();
  const PixelRect& blend = geometry.blend;
  const auto count = std::count(painted.begin(), painted.end(), 1);
  nlohmann::ordered_json out = {
      {"slide", {{"width", slide.size().width}, {"height", slide.size().height}}},
      {"inpaint",
       {{"region", {box.x0, box.y0, box.width(), box.height()}},
        {"written", {blend.x0, blend.y0, blend.width(), blend.height()}},
        {"painted_cells", count},
        {"kept_cells", static_cast<std::int64_t>(painted.size()) - count}}}};
  out.update(forecast_json(forecast, painting.sampling(), spec.machine));
  out["disk"] = {{"latents_bytes", latents_disk()}, {"slide_bytes", fs::file_size(what.slide)}};
  out["memory"] = {{"working_bytes", memory.working}, {"cache_bytes", memory.cache}};
  return text_of(out);
}

std::string InpaintSetup::describe(NetworkSource& networks) const {
  const JobForecast forecast = job_forecast(networks);
  if (spec.json_forecast) return json_text_of(forecast);
  const auto count = std::count(painted.begin(), painted.end(), 1);
  const PixelSize size = slide.size();
  return fmt::format(
      "slide        {}x{} px, of which {}x{} are painted anew and {}x{} written\n"
      "cells        {} painted, {} kept around them\n"
      "evaluations  {}\n"
      "time         {}\n"
      "disk         {} for latents, the slide's {} and the new tiles\n"
      "memory       {} for pixels, strips and batches and {} for chunks, beside the networks\n",
      size.width, size.height, region.box().width(), region.box().height(), geometry.blend.width(),
      geometry.blend.height(), count, static_cast<std::int64_t>(painted.size()) - count,
      evaluations_text(forecast, painting.sampling()), time_text(forecast, spec.machine.threads),
      format_byte_size(latents_disk()), format_byte_size(fs::file_size(what.slide)),
      format_byte_size(memory.working), format_byte_size(memory.cache));
}

}  // namespace histoloom
