// What whole evaluations of small pictures find.
#include <tbb/global_control.h>

#include <atomic>
#include <limits>
#include <thread>

#include "evaluation.h"
#include "histoloom/evaluate/seams.h"
#include "network_rows.h"

namespace histoloom::evaluate {
namespace {

using testing::HasSubstr;

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

TEST_F(Evaluate, APastedRegionOfATrainingImageIsFoundWhereverItLies) {
  for (const auto& [folder, seed] :
       {std::pair("real", 1u), std::pair("held", 101u), std::pair("synthetic", 201u)}) {
    std::filesystem::create_directories(scratch_ / folder);
    for (std::uint32_t i = 0; i < 3; ++i)
      write_picture(scratch_ / folder / (std::to_string(i) + ".png"),
                    blob_picture({128, 96}, seed + i));
  }
  EvaluateOptions o = options();
  o.held_out = {scratch_ / "held"};
  const EvaluationReport honest = report_of(o);
  EXPECT_LT(row(honest, "shifted_correlation", "highest").synthetic->value, 0.9);
  EXPECT_GT(row(honest, "shifted_correlation", "highest").real->value,
            row(honest, "shifted_correlation", "median").real->value);
  // As it is, and mirrored; no grid of 32 px misses a region of 64.
  for (const bool mirrored : {false, true}) {
    const Picture training = blob_picture({128, 96}, 2);
    Picture pasted = blob_picture({128, 96}, 201);
    for (std::int64_t y = 0; y < 64; ++y)
      for (std::int64_t x = 0; x < 64; ++x)
        std::copy_n(training.at(43 + (mirrored ? 63 - x : x), 21 + y), 3, pasted.at(27 + x, 9 + y));
    write_picture(scratch_ / "synthetic" / "0.png", pasted);
    const EvaluationReport report = report_of(o);
    EXPECT_NEAR(row(report, "shifted_correlation", "highest").synthetic->value, 1, 1e-5);
    EXPECT_EQ(row(report, "shifted_correlation", "highest").real->value,
              row(honest, "shifted_correlation", "highest").real->value);
    EXPECT_LT(row(report, "pixel_correlation", "highest").synthetic->value, 0.95)
        << "pixel upon pixel nothing is found";
  }
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

TEST_F(Evaluate, GivesTheSameReportOnAnyNumberOfThreads) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 3);
  EvaluateOptions o = options();
  o.threads = 1;
  const std::string expected = report_json(report_of(o));
  for (const int threads : {2, 3, 8}) {
    o.threads = threads;
    EXPECT_EQ(report_json(report_of(o)), expected) << threads;
  }
}

// The calling thread is one of the threads, so that one of them is it alone.
TEST_F(Evaluate, TakesNoMoreThreadsThanItIsGiven) {
  write_folder("real", 1, 4);
  write_folder("synthetic", 51, 3);
  EvaluateOptions o = options();
  o.threads = 1;
  struct Counting final : Progress {
    void start_stage(std::string_view, std::int64_t, std::string_view) override {
      allowed = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
    }
    void update(std::int64_t, std::string_view) override {}
    void finish() override {}
    void warn(std::string_view) override {}
    bool stop_requested() const override {
      foreign = foreign || std::this_thread::get_id() != own;
      return false;
    }
    const std::thread::id own = std::this_thread::get_id();
    mutable std::atomic<bool> foreign = false;
    std::size_t allowed = 0;
  } progress;
  evaluate(o, open_inputs(o), progress);
  EXPECT_EQ(progress.allowed, 1u);
  EXPECT_FALSE(progress.foreign) << "another thread has asked whether to stop";
}

TEST_F(Evaluate, PlainImagesAreFarFromRealOnes) {
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
          picture.samples[static_cast<std::size_t>(3 * p + c)] -= static_cast<std::uint8_t>(wave);
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
  EXPECT_EQ(row(report, "autoencoder", "spectrum to Nyquist/2").real->value,
            row(report, "radial_spectrum", "largest to Nyquist/2").real->value);
}

// An autoencoder that gives every patch back as it was.
TEST(Reconstructions, WithoutLossAreAsFarAsThePatchesThemselves) {
  PatchSets sets;
  sets.synthetic.patches = test_pictures(32, 51, 4);
  sets.reference = {test_pictures(32, 101, 4), {0, 0, 1, 1}};
  sets.training = {test_pictures(32, 1, 6), {0, 0, 1, 1, 2, 2}};
  EvaluateOptions o;
  o.patch = 32;
  o.directions = 8;
  o.replicates = 10;
  SilentProgress progress;
  const std::vector<Picture>& again = sets.reference.patches;
  const Likeness likeness = measure_likeness(sets, again, o, progress);
  ASSERT_EQ(likeness.reconstructed_levels.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const double real = likeness.real_levels[i].distance.value;
    EXPECT_EQ(likeness.reconstructed_levels[i].distance.value, real);
    EXPECT_NE(likeness.synthetic_levels[i].distance.value, real);
  }
  EXPECT_EQ(likeness.reconstructed_spectrum.largest_to_half.value, 0);
  EXPECT_GT(likeness.real_spectrum.largest_to_half.value, 0);
  EvaluationReport report;
  add_reconstruction(report, sets, again, likeness, o, progress);
  const Figure psnr = *report.rows[0].reconstruction;
  EXPECT_EQ(report.rows[0].of, "PSNR");
  EXPECT_EQ(psnr.value, std::numeric_limits<double>::infinity());
  EXPECT_FALSE(psnr.interval) << "of infinite values there is none";
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
              testing::ElementsAre("balanced_accuracy of synthetic images has no interval: their "
                                   "windows come from fewer than 5 squares of 1024 px",
                                   "balanced_accuracy of real images has no interval: their "
                                   "windows come from fewer than 5 squares of 1024 px"));
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

}  // namespace
}  // namespace histoloom::evaluate
