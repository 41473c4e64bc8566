#include <fmt/format.h>

#include <cmath>
#include <set>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/train/train_options.h"

namespace histoloom {

namespace {

void require_value(bool holds, const char* option, const char* wanted, double got) {
  if (!holds) throw UserError(fmt::format("{} must be {}, got {}", option, wanted, got));
}

void require_images(const ImageSetOptions& data) {
  if (data.images.empty() && data.slides.empty())
    throw UserError("no training data; give --images DIR or --slides FILE");
  const auto slides = static_cast<std::int64_t>(data.slides.size());
  if (data.images.empty() && data.source.empty() && slides < data.held_out_every)
    throw UserError(
        fmt::format("--held-out-every {} holds out every slide of that number and there are {}; "
                    "give a number up to theirs, or --images DIR",
                    data.held_out_every, slides));
}

void require_distinct(const std::vector<TrainingSlide>& slides) {
  std::set<std::filesystem::path> seen;
  for (const TrainingSlide& slide : slides)
    if (!seen.insert(meant_by(slide.file)).second)
      throw UserError(fmt::format("--slides {}: is given twice", slide.file.string()));
}

}  // namespace

MaskFolder parse_mask_folder(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

void validate(const TrainOptions& o) {
  require_value(o.steps >= 1 && o.steps <= 100'000'000, "--steps", "from 1 to 100000000", o.steps);
  require_value(o.stop_after >= 0, "--stop-after", "at least 0", o.stop_after);
  require_value(o.batch >= 0 && o.batch <= 4096, "--batch", "from 1 to 4096", o.batch);
  require_value(o.learning_rate > 0 && o.learning_rate <= 1, "--learning-rate",
                "above 0, at most 1", o.learning_rate);
  require_value(o.decay_share >= 0 && o.decay_share <= 1, "--decay-share", "from 0 to 1",
                o.decay_share);
  require_value(o.ema >= 0 && o.ema < 1, "--ema", "at least 0, below 1", o.ema);
  require_value(o.unconditional >= 0 && o.unconditional <= 1, "--unconditional", "from 0 to 1",
                o.unconditional);
  require_value(o.augment >= 0 && o.augment <= 1, "--augment", "from 0 to 1", o.augment);
  require_value(o.turns >= 1 && o.turns <= 16, "--turns", "from 1 to 16", o.turns);
  require_value(o.checkpoint_every >= 1, "--checkpoint-every", "at least 1", o.checkpoint_every);
  require_value(o.patience >= 0, "--patience", "at least 0", o.patience);
  if (o.patience > 0 && o.data.held_out_every == 0)
    throw UserError("--patience needs --held-out-every: it is the held-out loss that it waits for");
  require_value(o.data.regions >= 1 && o.data.regions <= 100'000, "--regions", "from 1 to 100000",
                o.data.regions);
  require_value(o.data.held_out_every >= 0 && o.data.held_out_every != 1, "--held-out-every",
                "0 or at least 2", o.data.held_out_every);
  if (!o.data.source.empty() && o.data.held_out_every == 0)
    throw UserError("--source needs --held-out-every: it says what is held out together");
  if (o.decoder_only && !o.keep_latents.empty())
    throw UserError("--decoder-only leaves the latents as they are; leave out --keep-latents");
  require_value(o.threads >= 0 && o.threads <= 1024, "--threads", "from 1 to 1024", o.threads);
  require_distinct(o.data.slides);
  if (o.masks.empty()) require_images(o.data);
  if (o.checkpoint.empty()) throw UserError("--checkpoint FILE is needed: training is long");
}

}  // namespace histoloom
