// Whole evaluations of small pictures, what they report, and what is refused before them.
#include "histoloom/evaluate/evaluate.h"

#include <gmock/gmock.h>

#include <atomic>
#include <limits>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/evaluate/seams.h"
#include "test_pictures.h"

namespace histoloom::evaluate {
namespace {

using testing::HasSubstr;

// A bundle's model.json, or its label set at least, is that of the default model.
const std::filesystem::path kModel = std::filesystem::path(HISTOLOOM_SOURCE) / "models/default";

class Warnings final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override { ++updates; }
  void finish() override {}
  void warn(std::string_view message) override { all.emplace_back(message); }
  std::vector<std::string> all;
  int updates = 0;
};

// Asks to stop at the n-th time of being asked.
class StopsAt final : public Progress {
 public:
  explicit StopsAt(int n) : left_(n) {}
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view) override {}
  bool stop_requested() const override { return --left_ <= 0; }
  int left() const { return left_; }

 private:
  mutable std::atomic<int> left_;
};

class Evaluate : public testing::Test {
 protected:
  // Pictures of 96 × 64 px as `folder`/100.png, …
  void write_folder(const char* folder, std::uint32_t first_seed, int count) {
    std::filesystem::create_directories(scratch_ / folder);
    for (int i = 0; i < count; ++i)
      write_picture(scratch_ / folder / (std::to_string(100 + i) + ".png"),
                    test_picture({96, 64}, first_seed + static_cast<std::uint32_t>(i)));
  }
  EvaluateOptions options() const {
    EvaluateOptions o;
    o.real = {scratch_ / "real"};
    o.synthetic = {scratch_ / "synthetic"};
    o.patch = 32;
    o.directions = 8;
    o.replicates = 10;
    return o;
  }
  // The same with glass in the left of each square of 32 px.
  void write_edges(const char* folder, std::uint32_t first_seed, int count) {
    std::filesystem::create_directories(scratch_ / folder);
    for (int i = 0; i < count; ++i) {
      Picture picture = test_picture({32, 32}, first_seed + static_cast<std::uint32_t>(i));
      for (std::size_t p = 0; p < picture.rgb.size(); ++p)
        if (p / 3 % 32 < 12) picture.rgb[p] = 240;
      write_picture(scratch_ / folder / (std::to_string(200 + i) + ".png"), picture);
    }
  }
  // Pictures of 128 × 64 px, the left half of which is darker and labelled 1, the right one 3;
  // masks of 1 / `reduction` of their size.
  void write_labelled(const char* folder, std::uint32_t first_seed, int count,
                      std::int64_t reduction = 1) {
    std::filesystem::create_directories(scratch_ / folder);
    const PixelSize small{128 / reduction, 64 / reduction};
    std::vector<std::uint8_t> mask;
    for (std::int64_t i = 0; i < small.area(); ++i)
      mask.push_back(i % small.width < small.width / 2 ? 1 : 3);
    for (int i = 0; i < count; ++i) {
      Picture picture = test_picture({128, 64}, first_seed + static_cast<std::uint32_t>(i));
      for (std::int64_t y = 0; y < 64; ++y)
        for (std::int64_t x = 0; x < 64; ++x)
          for (std::size_t c = 0; c < 3; ++c) picture.at(x, y)[c] /= 2;
      const auto name = scratch_ / folder / std::to_string(i);
      write_picture(name.string() + ".png", picture);
      write_image(name.string() + "_mask.png", small, 1, mask);
    }
  }
  EvaluationReport report_of(const EvaluateOptions& o) const {
    SilentProgress progress;
    validate(o);
    return evaluate(o, open_inputs(o), progress);
  }
  static const ReportRow& row(const EvaluationReport& report, const std::string& measure,
                              const std::string& of) {
    for (const ReportRow& row : report.rows)
      if (row.measure == measure && row.of == of) return row;
    throw std::runtime_error("no row " + measure + " " + of);
  }
  std::string refusal(const std::function<void(EvaluateOptions&)>& change) const {
    EvaluateOptions o = options();
    change(o);
    return message_of([&] { validate(o); });
  }

  ScratchDirectory scratch_;
};

TEST_F(Evaluate, CopiesOfTheTrainingImagesAreFoundOut) {
  write_folder("real", 1, 4);
  write_folder("held", 101, 4);
  write_folder("synthetic", 1, 4);  // the training images
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held"};
  const EvaluationReport report = report_of(o);
  const ReportRow& copies = row(report, "pixel_correlation", "highest");
  EXPECT_NEAR(copies.synthetic->value, 1, 1e-6);
  EXPECT_LT(copies.real->value, 0.95);
  // What is the same set is as far from the held-out one.
  const ReportRow& distance = row(report, "sliced_wasserstein", "32 px");
  EXPECT_DOUBLE_EQ(distance.synthetic->value, distance.real->value);
  EXPECT_GT(distance.real->value, 0);
  EXPECT_DOUBLE_EQ(row(report, "optical_density", "green").synthetic->value,
                   row(report, "optical_density", "green").real->value);
}

TEST_F(Evaluate, GlassOnTheSameSideIsNoCopy) {
  write_folder("real", 1, 4);
  write_edges("real", 11, 4);
  write_folder("held", 101, 4);
  write_folder("synthetic", 51, 4);
  write_edges("synthetic", 61, 4);
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held"};
  EXPECT_LT(row(report_of(o), "pixel_correlation", "highest").synthetic->value, 0.95);
}

TEST_F(Evaluate, WithoutTissueAllOverCopiesAreNotSearchedFor) {
  write_folder("real", 1, 4);
  write_folder("held", 101, 4);
  write_edges("synthetic", 61, 4);
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held"};
  Warnings warnings;
  const EvaluationReport report = evaluate(o, open_inputs(o), warnings);
  EXPECT_THAT(
      warnings.all,
      testing::ElementsAre(
          "copies are not searched for: 0 synthetic and 4 real patches have at most 10 % glass, 2 "
          "of each are needed; give more images"));
  EXPECT_THROW(row(report, "pixel_correlation", "highest"), std::runtime_error);
  EXPECT_NO_THROW(row(report, "optical_density", "red"));
}

TEST_F(Evaluate, WithoutHeldOutImagesHalfOfTheRealOnesTakesTheirPlace) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 3);
  const std::string json = report_json(report_of(options()));
  EXPECT_THAT(json, HasSubstr("\"patches\": 12,")) << "two of the four images of six patches";
  EXPECT_THAT(json, HasSubstr("\"held_out\": {\n    \"paths\": [],\n    \"images\": 0\n  }"));
}

TEST_F(Evaluate, AnUnevenSplitOfTheRealImagesIsSaid) {
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

TEST_F(Evaluate, OneRealImageAgainstItselfIsSaid) {
  write_folder("real", 1, 1);
  write_folder("synthetic", 51, 4);
  Warnings warnings;
  const EvaluationReport report = evaluate(options(), open_inputs(options()), warnings);
  EXPECT_THAT(report_json(report), HasSubstr("\"patches\": 3,"));
  EXPECT_THAT(warnings.all,
              testing::ElementsAre(
                  "--real: its tissue is that of one image, so that real against real is that "
                  "image against itself, and lower than two images would have it; give --held-out "
                  "from another one"));
}

TEST_F(Evaluate, ASideOfOnePatchIsRefused) {
  std::filesystem::create_directories(scratch_ / "real");
  write_picture(scratch_ / "real" / "a.png", test_picture({96, 64}, 1));
  write_picture(scratch_ / "real" / "b.png", test_picture({40, 40}, 2));
  write_folder("synthetic", 51, 4);
  EXPECT_EQ(message_of([&] { report_of(options()); }),
            "--real: without --held-out its images are shared out on two sides, which show 6 and 1 "
            "squares of 32 px with tissue; at least 2 each are needed; give more images, "
            "--held-out or a smaller --patch");
}

TEST_F(Evaluate, AnImageOnBothRealSidesIsRefusedAndASyntheticOneIsSaid) {
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

TEST_F(Evaluate, BlurredImagesAreFarFromRealOnes) {
  write_folder("real", 1, 4);
  std::filesystem::create_directories(scratch_ / "synthetic");
  for (int i = 0; i < 3; ++i)
    write_picture(scratch_ / "synthetic" / (std::to_string(i) + ".png"),
                  plain_picture({96, 64}, {180, 120, static_cast<std::uint8_t>(150 + i)}));
  const EvaluationReport report = report_of(options());
  for (const auto& [measure, of] :
       {std::pair("sliced_wasserstein", "32 px"), std::pair("sliced_wasserstein", "16 px"),
        std::pair("optical_density", "red"), std::pair("radial_spectrum", "mean")}) {
    const ReportRow& r = row(report, measure, of);
    EXPECT_GT(r.synthetic->value, 3 * r.real->value) << measure;
  }
}

TEST_F(Evaluate, SeamsStandBesideFloorAndCeiling) {
  write_folder("real", 1, 6);
  write_folder("synthetic", 51, 3);
  EvaluateOptions o = options();
  o.seams = {{32, 0}, {24, 5}};
  const EvaluationReport report = report_of(o);
  const ReportRow& ratio = row(report, "seam_gradient_ratio", "32+0 px");
  EXPECT_NEAR(ratio.synthetic->value, 1, 0.1);
  EXPECT_NEAR(ratio.real->value, 1, 0.1);
  EXPECT_GT(ratio.ceiling->value, 1.1);
  EXPECT_TRUE(row(report, "seam_z", "24+5 px").ceiling);
  // The step over that beside, as measure_seams() gives both of the same pictures.
  std::vector<Picture> pictures;
  std::vector<CutPicture> cut;
  for (std::uint32_t i = 0; i < 3; ++i) pictures.push_back(test_picture({96, 64}, 51 + i));
  for (const Picture& picture : pictures) cut.push_back({&picture, uniform_grid(picture.size, 32)});
  const SeamMeasure seams = measure_seams(cut, {});
  const ReportRow& step = row(report, "seam_density_step", "32+0 px");
  EXPECT_NEAR(step.synthetic->value, seams.density_step / seams.density_step_beside, 1e-9);
  EXPECT_NEAR(step.real->value, 1, 0.5);
  EXPECT_GT(step.ceiling->value, step.real->value);
}

TEST_F(Evaluate, GridsThatNoPictureHoldsAreRefusedBeforeAnythingIsRead) {
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

TEST_F(Evaluate, PicturesOfGlassHaveNoSeamsWhichIsSaidBeforeWhatTakesLong) {
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

TEST_F(Evaluate, PicturesOfOneColourHaveNoRelativeStep) {
  for (const char* folder : {"real", "synthetic"}) {
    std::filesystem::create_directories(scratch_ / folder);
    for (std::uint8_t i = 0; i < 4; ++i)
      write_picture(scratch_ / folder / (std::to_string(i) + ".png"),
                    plain_picture({96, 64}, {180, 120, static_cast<std::uint8_t>(150 + i)}));
  }
  EvaluateOptions o = options();
  o.seams = {{32, 0}};
  const ReportRow step = row(report_of(o), "seam_density_step", "32+0 px");
  EXPECT_FALSE(step.synthetic);
  EXPECT_FALSE(step.real);
}

TEST_F(Evaluate, TheModelSaysHowLargeACellIsUnlessTheUserDoes) {
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

TEST_F(Evaluate, StopsWhereverItIsAsked) {
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

TEST_F(Evaluate, ClassesAreLearntFromAllRealImagesWhereOthersAreHeldOut) {
  write_labelled("real", 1, 1);
  write_labelled("held", 101, 6, 4);  // masks of a quarter of the size
  write_labelled("synthetic", 51, 5);
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held"};
  o.model = kModel;
  o.classes = {"carcinoma", "tumour stroma"};
  Warnings progress;
  const EvaluationReport report = evaluate(o, open_inputs(o), progress);
  const ReportRow& r = row(report, "balanced_accuracy", "carcinoma against tumour stroma");
  EXPECT_EQ(r.synthetic->value, 1);
  EXPECT_EQ(r.real->value, 1);
  EXPECT_TRUE(r.real->interval);
  EXPECT_THAT(progress.all, testing::IsEmpty());
}

TEST_F(Evaluate, LargePatchesAreJudgedByStructureToo) {
  for (const char* folder : {"real", "synthetic"}) {
    std::filesystem::create_directories(scratch_ / folder);
    for (std::int64_t i = 0; i < 4; ++i) {
      Picture picture = plain_picture({256, 256}, {228, 170, 205});  // eosin, in soft stripes
      for (std::int64_t p = 0; p < picture.size.area(); ++p) {
        const std::int64_t t = (p % 256 + p / 128 + 29 * i) % 64, wave = t < 32 ? t : 63 - t;
        for (std::int64_t c = 0; c < 3; ++c)
          picture.rgb[static_cast<std::size_t>(3 * p + c)] -= static_cast<std::uint8_t>(wave);
      }
      write_picture(scratch_ / folder / (std::to_string(i) + ".png"), picture);
    }
  }
  EvaluateOptions o = options();
  o.patch = 256;
  o.model = kModel;
  const EvaluationReport report = report_of(o);
  const Figure similarity = *row(report, "autoencoder", "MS-SSIM").reconstruction;
  EXPECT_GT(similarity.value, 0.5);
  EXPECT_LT(similarity.value, 0.9999);
  EXPECT_LE(similarity.interval->low, similarity.value);
  EXPECT_GT(row(report, "autoencoder", "PSNR").reconstruction->value, 10);
}

TEST_F(Evaluate, TheReportHoldsWhatIsNeededToRepeatIt) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 4);
  EvaluateOptions o = options();
  o.model = kModel;
  o.seams = {{32, 0}, {24, 5}};
  o.seed = 7;
  const std::string json = report_json(report_of(o));
  for (const std::string& part :
       {std::string("\"seed\": 7,"), "\"model\": \"" + kModel.string() + "\",",
        std::string("\"features\": \"\","), std::string("\"classes\": [],"),
        std::string("\"seams\": [\n    \"32+0\",\n    \"24+5\"\n  ],"),
        std::string("\"latent_factor\": 8,"), std::string("\"directions\": 8,"),
        std::string("\"replicates\": 10,")})
    EXPECT_THAT(json, HasSubstr(part));
}

TEST_F(Evaluate, TheModelsAutoencoderIsMeasuredOnRealImages) {
  for (const char* folder : {"real", "synthetic"}) {
    std::filesystem::create_directories(scratch_ / folder);
    for (int i = 0; i < 4; ++i) {
      // Eosin in the real ones; grey, which the model has never seen, in the others.
      const bool real = folder == std::string("real");
      const auto shade = static_cast<std::uint8_t>(200 + i);
      write_picture(scratch_ / folder / (std::to_string(i) + ".png"),
                    plain_picture({128, 64}, {real ? std::uint8_t{228} : shade,
                                              real ? std::uint8_t{170} : shade, shade}));
    }
  }
  EvaluateOptions o = options();
  o.model = kModel;
  const EvaluationReport report = report_of(o);
  EXPECT_GT(row(report, "autoencoder", "PSNR").reconstruction->value, 25);
  // What decoding costs stands beside what the real patches themselves have: the same number.
  const ReportRow& level = row(report, "autoencoder", "sliced_wasserstein 32 px");
  EXPECT_TRUE(level.reconstruction);
  EXPECT_FALSE(level.synthetic);
  EXPECT_EQ(level.real->value, row(report, "sliced_wasserstein", "32 px").real->value);
}

TEST_F(Evaluate, ClassesAreToldApartOnSyntheticImagesToo) {
  for (const char* folder : {"real", "synthetic"}) write_labelled(folder, 1, 4);
  EvaluateOptions o = options();
  o.model = kModel;
  o.classes = {"carcinoma", "tumour stroma"};
  const EvaluationReport report = report_of(o);
  const ReportRow& r = row(report, "balanced_accuracy", "carcinoma against tumour stroma");
  EXPECT_EQ(r.synthetic->value, 1);
  EXPECT_EQ(r.real->value, 1);
  EXPECT_FALSE(r.real->interval) << "of two images";
  Warnings progress;
  evaluate(o, open_inputs(o), progress);
  EXPECT_THAT(progress.all,
              testing::ElementsAre(
                  "balanced_accuracy of synthetic images has no interval: they are fewer than 5",
                  "balanced_accuracy of real images has no interval: they are fewer than 5"));
  progress.updates = 0;
  o.classes = {"carcinoma", "necrosis"};
  EXPECT_EQ(message_of([&] { evaluate(o, open_inputs(o), progress); }),
            "--synthetic: no window of 32 px is labelled 'necrosis'; masks are expected beside the "
            "images, as NAME_mask.png or NAME_mask.tif");
  EXPECT_EQ(progress.updates, 0) << "before anything is measured";
  write_image(scratch_ / "synthetic" / "0_mask.png", {100, 64}, 1,
              std::vector<std::uint8_t>(100 * 64, 1));
  EXPECT_THAT(message_of([&] { evaluate(o, open_inputs(o), progress); }), HasSubstr("0_mask.png"));
  EXPECT_EQ(progress.updates, 0);
}

// ---- Reports

TEST(Report, SaysWhatIsMissingAndWhatIsInfinite) {
  EvaluationReport report;
  report.facts_json = R"({"seed": 3})";
  report.rows.push_back(
      {"psnr", "", "dB", {}, {}, {}, Figure(std::numeric_limits<double>::infinity())});
  report.rows.push_back(
      {"fid", "a", "", Figure(Estimate{1.25, Interval{1, 1.5}}), Figure(0.5), Figure(2)});
  report.curves.push_back({"spectrum", {1, 0.5}});
  EXPECT_EQ(report_table(report),
            "measure  synthetic                  real against real          ceiling    unit\n"
            "         reconstruction\n"
            "psnr     inf                        -                                     dB\n"
            "         synthetic\n"
            "fid a    1.25 [1, 1.5]              0.5                        2\n");
  EXPECT_EQ(report_json(report), R"({
  "seed": 3,
  "measures": [
    {
      "measure": "psnr",
      "of": "",
      "unit": "dB",
      "synthetic": null,
      "real": null,
      "reconstruction": {
        "value": null
      }
    },
    {
      "measure": "fid",
      "of": "a",
      "unit": "",
      "synthetic": {
        "value": 1.25,
        "interval": [
          1.0,
          1.5
        ]
      },
      "real": {
        "value": 0.5
      },
      "ceiling": {
        "value": 2.0
      }
    }
  ],
  "curves": {
    "spectrum": [
      1.0,
      0.5
    ]
  }
}
)");
}

// ---- Errors

TEST(SeamPeriods, AreReadWithAndWithoutAPhase) {
  EXPECT_EQ(parse_seam_period("192").period, 192);
  EXPECT_EQ(parse_seam_period("192+64").phase, 64);
  for (const std::string text : {"", "x", "0", "-5", "192+", "192+-1", "192+x", "192 ", "1e3"})
    EXPECT_EQ(
        message_of([&] { parse_seam_period(text); }),
        "--seams must be a period in pixels, or period+phase such as 192+64; got '" + text + "'");
}

TEST_F(Evaluate, OptionsThatMakeNoSenseAreRefused) {
  using O = EvaluateOptions;
  EXPECT_EQ(refusal([](O& o) { o.real.clear(); }),
            "--real is needed: folders, images or slides of real tissue");
  EXPECT_EQ(refusal([](O& o) { o.synthetic.clear(); }),
            "--synthetic is needed: what is to be judged");
  for (const int patch : {0, 16, 48, 2048})
    EXPECT_EQ(refusal([&](O& o) { o.patch = patch; }),
              "--patch must be a power of two from 32 to 1024, got " + std::to_string(patch));
  EXPECT_EQ(refusal([](O& o) { o.patches = 1; }), "--patches must be from 2 to 100000, got 1");
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

TEST_F(Evaluate, ClassesThatTheModelLacksAreRefused) {
  write_folder("real", 1, 2);
  write_folder("synthetic", 1, 2);
  EvaluateOptions o = options();
  o.model = kModel;
  o.classes = {"carcinoma", "cartilage"};
  EXPECT_EQ(message_of([&] { open_inputs(o); }),
            "--classes: 'cartilage' is no label of the model, which has 0 unknown, 1 carcinoma, 2 "
            "necrosis, 3 tumour stroma, 4 other, 5 glass");
}

TEST_F(Evaluate, ImagesWithoutTissueAreRefused) {
  write_folder("real", 1, 4);
  std::filesystem::create_directories(scratch_ / "synthetic");
  write_picture(scratch_ / "synthetic" / "a.png", plain_picture({64, 64}, {245, 245, 245}));
  EXPECT_EQ(message_of([&] { report_of(options()); }),
            "--synthetic: 0 squares of 32 px show tissue, at least 2 are needed; give more images "
            "or a smaller --patch");
}

}  // namespace
}  // namespace histoloom::evaluate
