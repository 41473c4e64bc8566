// What an evaluation refuses, warns of, and how it is stopped.
#include "evaluation.h"

namespace histoloom::evaluate {
namespace {

using testing::HasSubstr;

class Refused : public Evaluate {};

TEST(SeamPeriods, AreReadWithAndWithoutAPhase) {
  EXPECT_EQ(parse_seam_period("192").period, 192);
  EXPECT_EQ(parse_seam_period("192+64").phase, 64);
  for (const std::string text : {"", "x", "0", "-5", "192+", "192+-1", "192+x", "192 ", "1e3"})
    EXPECT_EQ(
        message_of([&] { parse_seam_period(text); }),
        "--seams must be a period in pixels, or period+phase such as 192+64; got '" + text + "'");
}

TEST_F(Refused, OptionsThatMakeNoSenseAreRefused) {
  using O = EvaluateOptions;
  EXPECT_EQ(refusal([](O& o) { o.real.clear(); }),
            "--real is needed: folders, images or slides of real tissue");
  EXPECT_EQ(refusal([](O& o) { o.synthetic.clear(); }),
            "--synthetic is needed: what is to be judged");
  for (const int patch : {0, 16, 48, 2048})
    EXPECT_EQ(refusal([&](O& o) { o.patch = patch; }),
              "--patch must be a power of two from 32 to 1024, got " + std::to_string(patch));
  EXPECT_EQ(refusal([](O& o) { o.patches = 1; }), "--patches must be from 2 to 100000, got 1");
  for (const int threads : {-1, 1025})
    EXPECT_EQ(refusal([&](O& o) { o.threads = threads; }),
              "--threads must be from 1 to 1024, got " + std::to_string(threads));
  EXPECT_EQ(refusal([](O& o) { o.training_patches = 1; }),
            "--training-patches must be from 2 to 100000, got 1");
  EXPECT_EQ(refusal([](O& o) { o.directions = 0; }), "--directions must be from 1 to 65536, got 0");
  EXPECT_EQ(refusal([](O& o) { o.replicates = 9; }),
            "--replicates must be from 10 to 100000, got 9");
  EXPECT_EQ(refusal([](O& o) { o.latent_factor = 0; }),
            "--latent-factor must be from 1 to 64, got 0");
  EXPECT_EQ(refusal([](O& o) {
              o.seams = {{16, 0}};
            }),
            "--seams: a period must be above two latent cells (16 px) and at most 1024 px, got 16");
  EXPECT_EQ(refusal([](O& o) {
              o.seams = {{64, 64}};
            }),
            "--seams: a phase must be below its period 64, got 64");
  EXPECT_EQ(refusal([](O& o) { o.classes = {"a"}; }),
            "--classes must be two names of labels, such as carcinoma,stroma; got a");
  EXPECT_EQ(refusal([](O& o) {
              o.classes = {"a", "a"};
            }),
            "--classes must be two names of labels, such as carcinoma,stroma; got a,a");
  EXPECT_EQ(refusal([](O& o) {
              o.classes = {"a", "b"};
            }),
            "--classes needs --model: the bundle's label set says which ids they have");
}

TEST_F(Refused, ClassesThatTheModelLacksAreRefused) {
  write_folder("real", 1, 2);
  write_folder("synthetic", 1, 2);
  EvaluateOptions o = options();
  o.model = kModel;
  o.classes = {"carcinoma", "cartilage"};
  EXPECT_EQ(message_of([&] { open_inputs(o); }),
            "--classes: 'cartilage' is no label of the model, which has 0 unknown, 1 carcinoma, 2 "
            "necrosis, 3 tumour stroma, 4 other, 5 glass");
}

TEST_F(Refused, ImagesWithoutTissueAreRefused) {
  write_folder("real", 1, 4);
  std::filesystem::create_directories(scratch_ / "synthetic");
  write_picture(scratch_ / "synthetic" / "a.png", plain_picture({64, 64}, {245, 245, 245}));
  EXPECT_EQ(message_of([&] { report_of(options()); }),
            "--synthetic: 0 squares of 32 px show tissue, at least 2 are needed; give more images "
            "or a smaller --patch");
}

// ---- Images that don't suit

TEST_F(Refused, ASideOfOnePatchIsRefused) {
  std::filesystem::create_directories(scratch_ / "real");
  write_picture(scratch_ / "real" / "a.png", test_picture({96, 64}, 1));
  write_picture(scratch_ / "real" / "b.png", test_picture({40, 40}, 2));
  write_folder("synthetic", 51, 4);
  EXPECT_EQ(message_of([&] { report_of(options()); }),
            "--real: without --held-out its images are shared out on two sides, which show 6 and 1 "
            "squares of 32 px with tissue; at least 2 each are needed; give more images, "
            "--held-out or a smaller --patch");
}

TEST_F(Refused, AnImageOnBothRealSidesIsRefusedAndASyntheticOneIsSaid) {
  write_folder("real", 1, 4);
  write_folder("held", 101, 4);
  write_folder("synthetic", 51, 4);
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held", scratch_ / "real" / "101.png", scratch_ / "real" / "102.png"};
  EXPECT_EQ(message_of([&] { open_inputs(o); }),
            "--held-out: " + (scratch_ / "real" / "101.png").string() +
                " is an image of --real too, and 1 more; no image may be on both sides");
  o.held_out = {scratch_ / "held"};
  o.synthetic = {scratch_ / "real", scratch_ / "held" / "100.png"};
  Warnings warnings;
  evaluate(o, open_inputs(o), warnings);
  EXPECT_THAT(warnings.all,
              testing::ElementsAre("--synthetic: " + (scratch_ / "real" / "100.png").string() +
                                       " is an image of --real too, and 3 more",
                                   "--synthetic: " + (scratch_ / "held" / "100.png").string() +
                                       " is an image of --held-out too"));
}

TEST_F(Refused, AnUnevenSplitOfTheRealImagesIsSaid) {
  write_folder("real", 1, 1);
  write_picture(scratch_ / "real" / "large.png", test_picture({160, 160}, 9));
  write_folder("synthetic", 51, 4);
  Warnings warnings;
  const EvaluationReport report = evaluate(options(), open_inputs(options()), warnings);
  EXPECT_THAT(report_json(report), HasSubstr("\"patches\": 6,"));
  EXPECT_THAT(warnings.all,
              testing::ElementsAre(
                  "--real: 6 patches a side are compared although one side holds 25, since no "
                  "image is on both sides; give more images of one size, or --held-out"));
}

TEST_F(Refused, OneRealImageAgainstItselfIsSaid) {
  write_folder("real", 1, 1);
  write_folder("synthetic", 51, 4);
  Warnings warnings;
  const EvaluationReport report = evaluate(options(), open_inputs(options()), warnings);
  EXPECT_THAT(report_json(report), HasSubstr("\"patches\": 3,"));
  EXPECT_THAT(warnings.all,
              testing::ElementsAre(
                  "--real: its tissue is that of one image, so that real against real is that "
                  "image against itself, and lower than two images would have it; give --held-out "
                  "from another one",
                  "shifted_correlation has nothing to stand beside: the patches of real against "
                  "real are cut from every real image, and would be found there; give --held-out"));
  const ReportRow& copies = row(report, "shifted_correlation", "highest");
  EXPECT_TRUE(copies.synthetic);
  EXPECT_FALSE(copies.real);
}

TEST_F(Refused, ASearchOfSomeOfTheTrainingImagesIsSaid) {
  write_folder("real", 1, 4);
  write_folder("held", 101, 4);
  write_folder("synthetic", 51, 4);
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held"};
  o.training_patches = 3;
  Warnings warnings;
  evaluate(o, open_inputs(o), warnings);
  EXPECT_THAT(warnings.all,
              testing::ElementsAre(
                  "shifted_correlation searches 3 of the 8 squares of 64 px that the training "
                  "images hold; a higher --training-patches searches more"));
}

// ---- Files

TEST_F(Refused, ImagesOfOtherScalesAreRefused) {
  write_folder("real", 1, 2);
  write_folder("synthetic", 51, 2);
  const auto scaled = [&](const char* folder, double mpp) {
    const std::filesystem::path path = scratch_ / folder / "scaled.tif";
    write_picture(path, test_picture({96, 64}, 9), mpp);
    return path.string();
  };
  const std::string real = scaled("real", 0.5), synthetic = scaled("synthetic", 0.56);
  const auto refused = [&] { return message_of([&] { open_inputs(options()); }); };
  EXPECT_EQ(refused(), synthetic + " has 0.56 microns a pixel, " + real +
                           " has 0.5; nothing is resized here, so give images of one scale, or "
                           "shrink the finer ones to it first");
  scaled("synthetic", 0.45);
  EXPECT_THAT(refused(), HasSubstr(" has 0.45; nothing is resized here"));
  scaled("synthetic", 0.54);
  EXPECT_EQ(refused(), "");
  // Two of one side, each within 10 % of those of the other.
  write_picture(scratch_ / "synthetic" / "finer.tif", test_picture({96, 64}, 9), 0.46);
  EXPECT_EQ(refused(), synthetic + " has 0.54 microns a pixel, " +
                           (scratch_ / "synthetic" / "finer.tif").string() +
                           " has 0.46; nothing is resized here, so give images of one scale, or "
                           "shrink the finer ones to it first");
  std::filesystem::remove(scratch_ / "synthetic" / "finer.tif");
  scaled("synthetic", 85);  // 300 dots an inch
  EXPECT_EQ(refused(), "");
}

TEST_F(Refused, ImagesOfAnotherScaleThanTheModelsAreRefused) {
  write_folder("real", 1, 2);
  write_folder("synthetic", 51, 2);
  const std::filesystem::path coarse = scratch_ / "real" / "coarse.tif";
  write_picture(coarse, test_picture({96, 64}, 9), 1);
  EvaluateOptions o = options();
  EXPECT_EQ(message_of([&] { open_inputs(o); }), "");
  o.model = kModel;
  EXPECT_EQ(message_of([&] { open_inputs(o); }),
            coarse.string() + " has 1 microns a pixel, " + o.model.string() +
                " has 0.5; nothing is resized here, so give images of one scale, or shrink the "
                "finer ones to it first");
}

TEST_F(Refused, AReportThatWouldReplaceAnInputIsRefused) {
  write_labelled("real", 1, 2);
  write_folder("synthetic", 51, 2);
  write_image(scratch_ / "synthetic" / "labels.png", {96, 64}, 1,
              std::vector<std::uint8_t>(96 * 64, 1));
  std::filesystem::create_hard_link(scratch_ / "real" / "0.png", scratch_ / "link.png");
  EvaluateOptions o = options();
  o.model = kModel;
  const EvaluateInputs inputs = open_inputs(o);
  const auto refused = [&](const std::filesystem::path& report) {
    return message_of([&] { require_no_input(report, o, inputs); });
  };
  const auto says = [](const std::filesystem::path& report, const char* option) {
    return "--report " + report.string() + ": is a file of " + option + "; give another name";
  };
  const std::filesystem::path real = scratch_ / "real", synthetic = scratch_ / "synthetic";
  EXPECT_EQ(refused(real / ".." / "real" / "0.png"),
            says(real / ".." / "real" / "0.png", "--real"));
  EXPECT_EQ(refused(real / "1_mask.png"), says(real / "1_mask.png", "--real"));
  EXPECT_EQ(refused(scratch_ / "link.png"), says(scratch_ / "link.png", "--real"));
  EXPECT_EQ(refused(synthetic / "101.png"), says(synthetic / "101.png", "--synthetic"));
  EXPECT_EQ(refused(synthetic / "labels.png"), says(synthetic / "labels.png", "--synthetic"));
  EXPECT_EQ(refused(kModel / "model.json"), says(kModel / "model.json", "--model"));
  EXPECT_EQ(refused(scratch_ / "report.json"), "");
  EXPECT_EQ(refused(synthetic / "report.json"), "");
}

TEST_F(Refused, WhatAFolderHoldsBesideItsImagesIsSaid) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 4);
  for (const char* name : {"labels.png", "more.tif"})
    write_image(scratch_ / "synthetic" / name, {96, 64}, 1, std::vector<std::uint8_t>(96 * 64, 1));
  Warnings warnings;
  evaluate(options(), open_inputs(options()), warnings);
  EXPECT_THAT(warnings.all, testing::ElementsAre(
                                "--synthetic: " + (scratch_ / "synthetic" / "labels.png").string() +
                                ", and 1 more: not taken, since label masks have one band"));
}

TEST_F(Refused, GridsThatNoPictureHoldsAreRefusedBeforeAnythingIsRead) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 3);
  const auto refused = [&](SeamPeriod seam) {
    EvaluateOptions o = options();
    o.seams = {seam};
    return message_of([&] { open_inputs(o); });
  };
  EXPECT_EQ(refused({100, 0}),
            "--synthetic: no picture is large enough for --seams 100+0, a boundary with 8 px on "
            "either side; give larger ones or another grid");
  EXPECT_EQ(refused({72, 0}),
            "--real: no picture has 72x72 px, a tile of --seams 72+0; give larger ones or another "
            "grid");
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held"};
  std::filesystem::create_directories(scratch_ / "held");
  write_picture(scratch_ / "held" / "a.png", test_picture({40, 40}, 1));
  o.seams = {{48, 40}};
  EXPECT_EQ(message_of([&] { open_inputs(o); }),
            "--held-out: no picture is large enough for --seams 48+40, a boundary with 8 px on "
            "either side; give larger ones or another grid");
}

TEST_F(Refused, PicturesOfGlassHaveNoSeamsWhichIsSaidBeforeWhatTakesLong) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 4);
  std::filesystem::create_directories(scratch_ / "held");
  Picture glass = plain_picture({320, 320}, {245, 245, 245});
  for (std::int64_t y = 0; y < 64; ++y)
    for (std::int64_t x = 0; x < 96; ++x) glass.at(x, y)[1] = 120;
  write_picture(scratch_ / "held" / "a.png", glass);
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held"};
  o.seams = {{32, 0}};
  Warnings progress;
  EXPECT_EQ(message_of([&] { evaluate(o, open_inputs(o), progress); }),
            "--held-out: more than 90 % of every region is glass; give images with more tissue, or "
            "no --seams");
  EXPECT_LE(progress.updates, 1);
}

TEST_F(Refused, StopsWhereverItIsAsked) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 4);
  const EvaluateOptions o = options();
  const EvaluateInputs inputs = open_inputs(o);
  StopsAt never(1'000'000);
  evaluate(o, inputs, never);
  const int asked = 1'000'000 - never.left();
  EXPECT_GT(asked, 100) << "at every patch, direction and replicate";
  for (const int n : {1, asked / 3, asked / 2, asked - 1}) {
    StopsAt progress(n);
    EXPECT_THROW(evaluate(o, inputs, progress), Interrupted) << n;
  }
}

TEST_F(Refused, TheModelSaysHowLargeACellIsUnlessTheUserDoes) {
  write_folder("real", 1, 2);
  write_folder("synthetic", 51, 2);
  EvaluateOptions o = options();
  EXPECT_EQ(open_inputs(o).latent_factor, 8);
  o.model = kModel;
  o.seams = {{24, 0}};
  EXPECT_EQ(open_inputs(o).latent_factor, 8);
  o.latent_factor = 4;
  EXPECT_EQ(open_inputs(o).latent_factor, 4);
  o.latent_factor.reset();
  o.seams = {{16, 0}};
  validate(o);
  EXPECT_EQ(message_of([&] { open_inputs(o); }),
            "--seams: a period must be above two latent cells (16 px) and at most 1024 px, got 16");
}

}  // namespace
}  // namespace histoloom::evaluate
