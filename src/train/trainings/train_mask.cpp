#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "complete_masks.h"
#include "crops.h"
#include "diffusion_loss.h"
#include "histoloom/bundle/mask_model.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/train/mask_training.h"
#include "histoloom/weights/safetensors.h"
#include "loop.h"
#include "mask_sampler.h"
#include "sample_pictures.h"

namespace histoloom {

namespace {

// All masks in one list, each with the condition of its prompt, and whether it teaches the coarser
// scale alone.
struct MaskSet {
  std::vector<TrainingImage> images;
  std::vector<LabelId> conditions;
  std::vector<std::uint8_t> coarser_only;
};

const char* option_of(const MaskFolder& folder) {
  return folder.coarser_only ? "--coarser-images " : "--images ";
}

// The least side in pixels of masks that teach the coarser scale.
std::int64_t coarser_side(const MaskSpec& mask) {
  return divide_up(std::int64_t{mask.patch} * mask.coarser->cell, 2);
}

// Reads masks of one prompt at a time.
class MaskReader {
 public:
  MaskReader(const TrainOptions& options, const ModelBundle& bundle, const MaskModel& model,
             const LabelSet& labels)
      : options_(options), bundle_(bundle), model_(model), labels_(labels) {
    require_distinct_folders();
  }

  MaskSet read(bool held_out) const {
    MaskSet set;
    std::vector<std::string> names_before;
    for (const MaskFolder& folder : options_.masks) {
      with_context(option_of(folder) + folder.images.string(), [&] {
        ImageSetOptions data = how_to_read(held_out);
        data.images = folder.images;
        data.masks_alone = true;
        add(set, data, folder, names_before);
      });
    }
    // Few slides leave none to be held out.
    const bool few = options_.data.source.empty() &&
                     static_cast<int>(options_.data.slides.size()) < options_.data.held_out_every;
    if (!options_.data.slides.empty() && !(held_out && few)) {
      with_context("--slides", [&] {
        ImageSetOptions data = how_to_read(held_out);
        data.slides = options_.data.slides;
        add(set, data, {{}, options_.slides_prompt}, names_before);
      });
    }
    if (set.images.empty()) throw no_masks(held_out);
    return set;
  }

 private:
  // A folder may show several prompts.
  void require_distinct_folders() const {
    std::set<std::pair<std::filesystem::path, LabelId>> seen;
    for (const MaskFolder& folder : options_.masks)
      with_context(option_of(folder) + folder.images.string(), [&] {
        if (folder.coarser_only && !model_.spec().coarser)
          throw UserError(
              fmt::format("model '{}' has no 'mask.coarser' to be trained", bundle_.name));
        if (folder.images.empty()) throw UserError("no folder is named; give DIR:PROMPT");
        if (!seen.emplace(meant_by(folder.images), model_.condition(folder.prompt)).second)
          throw UserError("is given twice");
      });
  }

  std::int64_t side() const { return std::int64_t{model_.spec().patch} * model_.spec().cell; }

  ImageSetOptions how_to_read(bool held_out) const {
    ImageSetOptions data = options_.data;
    data.images.clear();
    data.slides.clear();
    data.factor = model_.spec().cell;
    data.mpp = bundle_.mpp;
    data.region_side = static_cast<int>(std::max<std::int64_t>(data.region_side, side()));
    data.held_out = held_out;
    return data;
  }

  static UserError no_masks(bool held_out) {
    return UserError(held_out
                         ? "nothing that is held out has a mask; give another --held-out-every, "
                           "or more masks"
                         : "nothing has a mask; expected are NAME_mask.png beside NAME.png, a "
                           "NAME.png of one band that is a mask itself, or SLIDE:LABELS.geojson");
  }

  // All sets are split by source together, so that what one source gave lies on one side, and one
  // of them may lie on the other side as a whole.
  void add(MaskSet& set, ImageSetOptions data, const MaskFolder& folder,
           std::vector<std::string>& names_before) const {
    const LabelId condition = model_.condition(folder.prompt);
    data.names_before = names_before;
    data.may_be_empty = !data.source.empty();
    const std::vector<std::string> names = image_names_of(data);
    names_before.insert(names_before.end(), names.begin(), names.end());
    std::vector<TrainingImage> images = read_image_set(data, labels_);
    if (images.empty()) return;
    std::erase_if(images, [](const TrainingImage& image) { return !image.labelled; });
    if (images.empty()) throw no_masks(data.held_out);
    require_side(images, folder.coarser_only ? coarser_side(*bundle_.mask) : side(), "mask");
    for (TrainingImage& image : images) {
      set.images.push_back(std::move(image));
      set.conditions.push_back(condition);
      set.coarser_only.push_back(folder.coarser_only);
    }
  }

  const TrainOptions& options_;
  const ModelBundle& bundle_;
  const MaskModel& model_;
  const LabelSet& labels_;
};

std::vector<PromptedMask> complete_all(const MaskSet& set, const MaskCompletion& completion) {
  std::vector<PromptedMask> out;
  for (std::size_t i = 0; i < set.images.size(); ++i)
    out.push_back(
        {completion.complete(set.images[i]), set.conditions[i], set.coarser_only[i] != 0});
  return out;
}

void require_masks(const MaskSampler& held_out, const TrainOptions& options) {
  if (held_out.empty())
    throw UserError(
        fmt::format("--held-out-every {} holds out no annotated mask; give another number or more "
                    "masks",
                    options.data.held_out_every));
}

// \error UserError if a prompt's masks are all too small for the coarser scale.
void require_coarser_masks(const MaskSampler& sampler, const ModelBundle& bundle) {
  for (const LabelId condition : sampler.without_coarser())
    throw UserError(fmt::format(
        "no annotated mask {}has {} px a side, from which on masks teach the scale of "
        "'mask.coarser'; give larger masks, or leave it out of model.json",
        condition == 0 ? "" : fmt::format("of prompt '{}' ", bundle.prompts[condition - 1u]),
        coarser_side(*bundle.mask)));
}

// The most likely class of each cell of `x0` [B, K, p, p] in its label's colour, and what lies
// beyond the tissue as glass.
std::vector<Picture> coloured(const at::Tensor& x0, const at::Tensor& conditions,
                              const MaskModel& model, const LabelSet& labels) {
  std::vector<std::uint8_t> palette;
  const auto add = [&](LabelId id) {
    const auto& colour = labels.find(id)->colour;
    palette.insert(palette.end(), colour.begin(), colour.end());
  };
  for (const LabelId id : model.classes()) add(id);
  add(labels.glass().value_or(labels.unknown()));
  at::Tensor index = x0.argmax(1);
  if (model.has_beyond())
    index = index.masked_fill(conditions == static_cast<int>(model.beyond()),
                              static_cast<std::int64_t>(model.classes().size()));
  const at::Tensor colours = at::tensor(palette, at::kByte).view({-1, 3});
  return pictures_of(colours.index({index}).permute({0, 3, 1, 2}).to(at::kFloat) / 255);
}

// Mean square error over tissue, over what a network that always says 0 has: 1 knows nothing.
at::Tensor relative_error(const at::Tensor& out, const at::Tensor& target,
                          const at::Tensor& tissue) {
  return ((out - target).square() * tissue).sum() /
         (target.square() * tissue).sum().clamp_min(1e-12);
}

}  // namespace

struct MaskTraining::State {
  explicit State(const TrainOptions& o)
      : options(o),
        bundle(ModelBundle::read(o.model)),
        labels(bundle.labels),
        model(bundle),
        network(network_to_train([&] { return model.make(); }, bundle, *bundle.mask_denoiser, o)),
        reader(o, bundle, model, labels),
        set(reader.read(false)),
        held_out_set(o.data.held_out_every > 0 ? reader.read(true) : MaskSet()),
        loop({"mask", network->parameters(), bundle.mask_denoiser->weights, batch(),
              options.optimizer.value_or(OptimizerKind::adamw), settings(),
              StatedWeights{o.model, "mask_denoiser"}},
             options),
        completion(set.images, labels, model.spec().cell, o.seed),
        sampler(complete_all(set, completion), model) {
    require_coarser_masks(sampler, bundle);
    if (o.data.held_out_every == 0) return;
    held_out.emplace(complete_all(held_out_set, completion), model);
    require_masks(*held_out, o);
  }

  std::vector<TrainingSetting> settings() const;

  int batch() const { return options.batch > 0 ? options.batch : 16; }
  at::Tensor loss_on(const MaskSampler& masks) const;
  std::vector<SampleRow> samples_of(const MaskSampler& masks) const;

  const TrainOptions options;
  const ModelBundle bundle;
  const LabelSet labels;
  const MaskModel model;
  std::unique_ptr<Denoiser> network;
  MaskReader reader;
  MaskSet set, held_out_set;
  TrainingLoop loop;
  MaskCompletion completion;
  MaskSampler sampler;
  std::optional<MaskSampler> held_out;
  at::Tensor signal = signal_of(NoiseSchedule::of(bundle.schedule));
};

std::vector<TrainingSetting> MaskTraining::State::settings() const {
  Sha256 prompts, noise = checksum_of(NoiseSchedule::of(bundle.schedule), model.spec().prediction);
  for (const LabelId condition : set.conditions) prompts.add(&condition, 1);
  if (model.spec().coarser) prompts.add(set.coarser_only.data(), set.coarser_only.size());
  noise.add_part(fmt::format("{} {}", model.spec().cell, model.spec().scale));
  if (model.spec().coarser) noise.add_part(fmt::format("{}", model.spec().coarser->cell));
  std::vector<TrainingSetting> out = settings_of(set.images, held_out_set.images);
  out.push_back({"noise schedule", describe(noise)});
  out.push_back({"the prompts of masks", describe(prompts)});
  return out;
}

at::Tensor MaskTraining::State::loss_on(const MaskSampler& masks) const {
  const MaskBatch data = masks.draw(batch(), options.unconditional);
  const at::Tensor time = draw_times(TimeDensity::even, batch(), signal.numel());
  const NoisyBatch noisy = add_noise(data.x0, time, signal, model.spec().prediction);
  return relative_error(network->predict(noisy.x, noisy.time, data.conditions), noisy.target,
                        data.tissue);
}

std::vector<SampleRow> MaskTraining::State::samples_of(const MaskSampler& masks) const {
  const MaskBatch data = masks.draw(kSamples, 0);
  const auto predict = [&](const at::Tensor& x, const at::Tensor& time) {
    return network->predict(x, time, data.conditions);
  };
  const at::Tensor x0 =
      sample_x0(predict, at::randn_like(data.x0), NoiseSchedule::of(bundle.schedule),
                model.spec().prediction, std::nullopt);
  return {
      {fmt::format("painted from noise in {} steps", kSampleSteps),
       coloured(x0, data.conditions, model, labels)},
      {"completed masks of the same prompts", coloured(data.x0, data.conditions, model, labels)}};
}

MaskTraining::MaskTraining(const TrainOptions& options) {
  validate(options);
  if (options.masks.empty() && options.data.slides.empty())
    throw UserError(
        "no masks to train on; give --images DIR:PROMPT or --slides FILE:LABELS.geojson");
  use_threads(options.threads);
  state_ = std::make_unique<State>(options);
}

MaskTraining::~MaskTraining() = default;

MaskReport MaskTraining::run(Progress& progress) {
  State& s = *state_;
  Losses losses;
  losses.training = [&] { return s.loss_on(s.sampler); };
  if (s.held_out) losses.held_out = [&] { return s.loss_on(*s.held_out); };
  losses.samples = [&] { return s.samples_of(s.held_out ? *s.held_out : s.sampler); };
  const TrainingSummary summary = s.loop.run(losses, progress);
  return {summary, s.completion.accuracy((s.held_out ? s.held_out_set : s.set).images)};
}

}  // namespace histoloom
