#include "histoloom/train/train_options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "support/scratch.h"

namespace histoloom {
namespace {

TrainOptions good_options() {
  TrainOptions o;
  o.model = "model";
  o.checkpoint = "c.pt";
  o.data.images = "images";
  return o;
}

struct Defect {
  const char* name;
  std::function<void(TrainOptions&)> spoil;
  const char* message;
};
void PrintTo(const Defect& d, std::ostream* out) { *out << d.name; }

const Defect kDefects[] = {
    {"NoSteps", [](auto& o) { o.steps = 0; }, "--steps must be from 1 to 100000000, got 0"},
    {"TooManySteps", [](auto& o) { o.steps = 100'000'001; },
     "--steps must be from 1 to 100000000, got 100000001"},
    {"NegativeBatch", [](auto& o) { o.batch = -1; }, "--batch must be from 1 to 4096, got -1"},
    {"HugeBatch", [](auto& o) { o.batch = 4097; }, "--batch must be from 1 to 4096, got 4097"},
    {"NoRate", [](auto& o) { o.learning_rate = 0; },
     "--learning-rate must be above 0, at most 1, got 0"},
    {"RateNotANumber", [](auto& o) { o.learning_rate = std::nan(""); },
     "--learning-rate must be above 0, at most 1, got nan"},
    {"DecayAboveOne", [](auto& o) { o.decay_share = 1.5; },
     "--decay-share must be from 0 to 1, got 1.5"},
    {"EmaOfOne", [](auto& o) { o.ema = 1; }, "--ema must be at least 0, below 1, got 1"},
    {"UnconditionalAboveOne", [](auto& o) { o.unconditional = 1.01; },
     "--unconditional must be from 0 to 1, got 1.01"},
    {"NegativeAugment", [](auto& o) { o.augment = -0.1; },
     "--augment must be from 0 to 1, got -0.1"},
    {"NoTurns", [](auto& o) { o.turns = 0; }, "--turns must be from 1 to 16, got 0"},
    {"TooManyTurns", [](auto& o) { o.turns = 17; }, "--turns must be from 1 to 16, got 17"},
    {"TooMuchAugment", [](auto& o) { o.augment = 1.5; }, "--augment must be from 0 to 1, got 1.5"},
    {"NegativeStop", [](auto& o) { o.stop_after = -1; }, "--stop-after must be at least 0, got -1"},
    {"NoCheckpoints", [](auto& o) { o.checkpoint_every = 0; },
     "--checkpoint-every must be at least 1, got 0"},
    {"EveryImageHeldOut", [](auto& o) { o.data.held_out_every = 1; },
     "--held-out-every must be 0 or at least 2, got 1"},
    {"NegativeHeldOut", [](auto& o) { o.data.held_out_every = -3; },
     "--held-out-every must be 0 or at least 2, got -3"},
    {"NegativePatience", [](auto& o) { o.patience = -1; }, "--patience must be at least 0, got -1"},
    {"PatienceForNothing", [](auto& o) { o.patience = 3; },
     "--patience needs --held-out-every: it is the held-out loss that it waits for"},
    {"TooManyThreads", [](auto& o) { o.threads = 1025; },
     "--threads must be from 1 to 1024, got 1025"},
    {"ASlideTwice",
     [](auto& o) {
       o.data.slides = {{"a.svs", ""}, {"b.svs", ""}, {"./a.svs", ""}};
     },
     "--slides ./a.svs: is given twice"},
    {"NoData", [](auto& o) { o.data.images.clear(); },
     "no training data; give --images DIR or --slides FILE"},
    {"HeldOutSlides",
     [](auto& o) {
       o.data.images.clear();
       o.data.slides = {{"a.svs", {}}};
       o.data.held_out_every = 5;
     },
     "--held-out-every 5 holds out every slide of that number and there are 1; give a number up "
     "to theirs, or --images DIR"},
    {"NoRegions", [](auto& o) { o.data.regions = 0; }, "--regions must be from 1 to 100000, got 0"},
    {"SourceForNothing", [](auto& o) { o.data.source = "^[^_]+"; },
     "--source needs --held-out-every: it says what is held out together"},
    {"LatentsKeptTwice",
     [](auto& o) {
       o.decoder_only = true;
       o.keep_latents = "other";
     },
     "--decoder-only leaves the latents as they are; leave out --keep-latents"},
    {"NoCheckpointFile", [](auto& o) { o.checkpoint.clear(); },
     "--checkpoint FILE is needed: training is long"},
};

class TrainOptionsDefect : public testing::TestWithParam<Defect> {};

TEST_P(TrainOptionsDefect, IsRefusedWithItsMessage) {
  TrainOptions options = good_options();
  GetParam().spoil(options);
  EXPECT_EQ(message_of([&] { validate(options); }), GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(Table, TrainOptionsDefect, testing::ValuesIn(kDefects),
                         [](const auto& test) { return test.param.name; });

TEST(TrainOptions, TheDefaultsAndTheLimitsAreGood) {
  TrainOptions options = good_options();
  EXPECT_NO_THROW(validate(options));
  options.steps = 1;
  options.batch = 4096;
  options.learning_rate = options.decay_share = options.unconditional = options.augment = 1;
  options.ema = 0;
  options.data.held_out_every = 2;
  options.patience = 1;
  options.threads = 1024;
  EXPECT_NO_THROW(validate(options));
}

}  // namespace
}  // namespace histoloom
