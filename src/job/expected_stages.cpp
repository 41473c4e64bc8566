#include "expected_stages.h"

#include <algorithm>
#include <string>

#include "canvas.h"
#include "given_stage.h"
#include "histoloom/diffusion/sampling.h"
#include "image_stage.h"
#include "inpaint_source.h"
#include "label_painting.h"
#include "label_stage.h"
#include "sampling_choice.h"

namespace histoloom {

namespace {

// GFLOP a second of the default model's networks, of decoding with the writing that overlaps it.
constexpr double kLabelSpeed = 420, kLatentSpeed = 760, kDecodeSpeed = 570;

// How often patches of `patch` cells, `stride` apart, lie on a canvas.
double patches_on(LatentSize canvas, double stride) {
  return (static_cast<double>(canvas.width) / stride + 0.5) *
         (static_cast<double>(canvas.height) / stride + 0.5);
}

// About as many evaluations as painting all cells of a canvas takes.
double expected_evaluations(LatentSize canvas, const DiffusionModel& model, const Sampling& s) {
  const std::vector<int> times = times_of(model.schedule, s);
  const int if_guided =
      1 + (s.guidance != 0 ? 1 : 0) + (model.context && s.context_guidance != 0 ? 1 : 0);
  double sum = 0;
  for (int i = 0; i < s.steps; ++i) {
    // Crops of tapered steps overlap by a quarter.
    const double stride = (i < s.steps - s.tapered_steps ? 1.0 : 0.75) * model.patch;
    const bool guided = is_guided(s, times[static_cast<std::size_t>(i)], model.schedule.steps());
    sum += patches_on(canvas, stride) * (guided ? if_guided : 1);
  }
  return sum;
}

ExpectedStage painting_stage(LatentSize canvas, const DiffusionModel& model, const Sampling& s,
                             Denoiser& denoiser, double speed) {
  return {.name = "painting " + model.name,
          .cost = expected_evaluations(canvas, model, s) *
                  denoiser.gflop_per_evaluation(model.patch) / speed};
}

std::vector<ExpectedStage> label_painting_stages(PixelSize size, const ModelBundle& bundle,
                                                 Denoiser& denoiser) {
  const LabelPainting painting(bundle, "", latent_size_for(size, bundle.latent.downsampling),
                               /*seed=*/0, /*threads=*/1);
  std::vector<ExpectedStage> out;
  for (const PaintStage* stage : painting.stages())
    out.push_back(
        painting_stage(stage->canvas(), stage->model(), stage->sampling(), denoiser, kLabelSpeed));
  return out;
}

void add_first(std::vector<ExpectedStage>& to, const std::vector<ExpectedStage>& stages) {
  to.insert(to.begin(), stages.begin(), stages.end());
}

// Seconds for the pixels of so many cells; encoding takes about what decoding takes.
double decoding_seconds(double cells, const ModelBundle& bundle, double gflop_a_cell) {
  const double shared = bundle.decode_overlap / static_cast<double>(bundle.decode_window);
  return cells / ((1 - shared) * (1 - shared)) * gflop_a_cell / kDecodeSpeed;
}

}  // namespace

std::vector<ExpectedStage> slide_stages(const GenerateSpec& spec, const ModelBundle& bundle,
                                        const ModelBundle& image, bool paints_labels,
                                        NetworkSource& networks) {
  const NewSlide& slide = std::get<NewSlide>(spec.what);
  const PixelSize size = slide.labels.size;
  const auto add = [&](std::vector<ExpectedStage>& to, const ModelBundle& stage,
                       const Sampling& sampling, Denoiser& denoiser, double gflop_a_cell) {
    const CellSize cells =
        latent_size_for(size_at(size, bundle.mpp, stage.mpp), stage.latent.downsampling);
    to.push_back(painting_stage(canvas_around(cells, stage.patch).size, stage.image(), sampling,
                                denoiser, kLatentSpeed));
    to.push_back(
        {.name = stage.is_coarser ? "decoding " + stage.stage : "decoding and writing",
         .cost = decoding_seconds(static_cast<double>(cells.area()), stage, gflop_a_cell)});
  };
  // The autoencoder is loaded already; the first stage's network comes last.
  std::vector<ExpectedStage> finest, out;
  const double gflop_a_cell = networks.autoencoder().gflop_per_decoded_cell();
  add(finest, image, sampling_of_job(spec, image), networks.denoiser(), gflop_a_cell);
  const std::size_t first = slide.picture ? given_index(slide.picture->mpp, image) + 1 : 0;
  for (std::size_t i = first; i < image.stages.size(); ++i) {
    const double gflop = networks.coarser_autoencoder(i).gflop_per_decoded_cell();
    add(out, image.stages[i], sampling_of(image.stages[i].defaults), networks.coarser_denoiser(i),
        gflop);
  }
  out.insert(out.end(), finest.begin(), finest.end());
  for (const ExpectedStage& stage : label_file_stages(slide.files, size)) out.push_back(stage);
  if (paints_labels) add_first(out, label_painting_stages(size, bundle, networks.label_denoiser()));
  return out;
}

std::vector<ExpectedStage> inpaint_stages(const GenerateSpec& spec, const ModelBundle& bundle,
                                          NetworkSource& networks) {
  const PixelRect box = region_of(std::get<Inpainting>(spec.what)).box();
  std::vector<ExpectedStage> out;
  const auto add = [&](const ModelBundle& stage, const Sampling& sampling, Denoiser& denoiser,
                       Autoencoder& autoencoder) {
    const CellSize painted =
        latent_size_for(size_at(box.size(), bundle.mpp, stage.mpp), stage.latent.downsampling);
    // A patch a side is encoded around the region; of a coarser stage it is decoded, too.
    const double around = static_cast<double>(painted.width + 2 * stage.patch) *
                          static_cast<double>(painted.height + 2 * stage.patch);
    const double gflop = autoencoder.gflop_per_decoded_cell();
    out.push_back({.name = "encoding", .cost = decoding_seconds(around, stage, gflop)});
    out.push_back(painting_stage({painted.width, painted.height}, stage.image(), sampling, denoiser,
                                 kLatentSpeed));
    const double decoded = stage.is_coarser ? around : static_cast<double>(painted.area());
    out.push_back({.name = stage.is_coarser ? "decoding " + stage.stage : "decoding and writing",
                   .cost = decoding_seconds(decoded, stage, gflop)});
  };
  for (std::size_t i = 0; i < bundle.stages.size(); ++i)
    add(bundle.stages[i], sampling_of(bundle.stages[i].defaults), networks.coarser_denoiser(i),
        networks.coarser_autoencoder(i));
  add(bundle, sampling_of_job(spec, bundle), networks.denoiser(), networks.autoencoder());
  return out;
}

std::vector<ExpectedStage> label_stages(const MaskJobSpec& spec, const ModelBundle& bundle,
                                        bool paints_labels, NetworkSource& networks) {
  std::vector<ExpectedStage> out = label_file_stages(spec.files, spec.labels.size);
  if (paints_labels)
    add_first(out, label_painting_stages(spec.labels.size, bundle, networks.label_denoiser()));
  return out;
}

}  // namespace histoloom
