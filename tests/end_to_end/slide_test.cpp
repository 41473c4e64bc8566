// One command makes a slide that other people's readers open.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openslide/openslide.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "support.h"

namespace histoloom::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A slide that is real but quick: few steps.
const Arguments kQuick{"--size", "600x500", "--steps", "3", "--seed", "4"};

Arguments plus(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

using OpenSlide = std::unique_ptr<openslide_t, decltype(&openslide_close)>;

OpenSlide open_slide(const std::filesystem::path& path) {
  return {openslide_open(path.c_str()), openslide_close};
}

std::string property(openslide_t* slide, const char* name) {
  const char* value = openslide_get_property_value(slide, name);
  return value == nullptr ? "missing" : value;
}

std::vector<std::string> associated_images(openslide_t* slide) {
  std::vector<std::string> names;
  for (const char* const* name = openslide_get_associated_image_names(slide); *name != nullptr;
       ++name)
    names.emplace_back(*name);
  return names;
}

// "600x500 300x250 …", as OpenSlide and as libvips see the levels of an svs, whose second page is
// the thumbnail.
std::string levels_in_openslide(openslide_t* slide) {
  std::string text;
  for (int level = 0; level < openslide_get_level_count(slide); ++level) {
    std::int64_t w = 0, h = 0;
    openslide_get_level_dimensions(slide, level, &w, &h);
    text += fmt::format("{}x{} ", w, h);
  }
  return text;
}

std::string levels_in_vips(const std::filesystem::path& path, int levels) {
  std::string text;
  for (int level = 0; level < levels; ++level) {
    const Page page = read_page(path, level == 0 ? 0 : level + 1);
    text += fmt::format("{}x{} ", page.width, page.height);
    EXPECT_EQ(page.pixels.size(), static_cast<std::size_t>(page.width * page.height * 3));
  }
  return text;
}

// How far the pixels of a level lie apart in OpenSlide and libvips, on average.
double disagreement(openslide_t* slide, int level, const Page& page) {
  std::vector<std::uint32_t> argb(static_cast<std::size_t>(page.width * page.height));
  openslide_read_region(slide, argb.data(), 0, 0, level, page.width, page.height);
  double sum = 0;
  for (std::size_t i = 0; i < argb.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c)
      sum += std::abs(static_cast<int>(argb[i] >> (16 - 8 * c) & 255) - page.pixels[3 * i + c]);
  return sum / (3.0 * static_cast<double>(argb.size()));
}

double deviation(const Page& page) {
  double sum = 0, square = 0;
  for (const double v : page.pixels) sum += v, square += v * v;
  const auto n = static_cast<double>(page.pixels.size());
  return std::sqrt(square / n - sum / n * (sum / n));
}

TEST(Slide, OpensInOpenSlideAndLibvipsWithEverythingThatViewersShow) {
  const Folder folder;
  const auto path = folder / "slide.svs";
  const Outcome outcome = run(by_default_model(generate(path, kQuick)));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, path.string() + "\n");
  EXPECT_THAT(folder.listing(), ElementsAre("slide.svs", "slide.svs.manifest.json"));

  const OpenSlide slide = open_slide(path);
  ASSERT_NE(slide, nullptr);
  ASSERT_EQ(openslide_get_error(slide.get()), nullptr);
  EXPECT_STREQ(openslide_detect_vendor(path.c_str()), "aperio");
  EXPECT_EQ(property(slide.get(), "openslide.mpp-x"), "0.5");
  EXPECT_EQ(property(slide.get(), "openslide.mpp-y"), "0.5");
  EXPECT_EQ(property(slide.get(), "openslide.objective-power"), "20");
  EXPECT_THAT(associated_images(slide.get()), ElementsAre("label", "macro", "thumbnail"));
  EXPECT_EQ(levels_in_openslide(slide.get()), "600x500 300x250 150x125 ");
  EXPECT_EQ(levels_in_vips(path, openslide_get_level_count(slide.get())),
            levels_in_openslide(slide.get()));
  EXPECT_EQ(page_count(path), 3 + 3);  // levels; thumbnail, label and macro

  for (int level = 0; level < 3; ++level)
    EXPECT_LT(disagreement(slide.get(), level, read_page(path, level == 0 ? 0 : level + 1)), 2.0);
  EXPECT_EQ(openslide_get_error(slide.get()), nullptr);
  EXPECT_GT(deviation(read_page(path, 0)), 5) << "a slide shows more than one tone";
}

TEST(Slide, SaysThatItIsSynthetic) {
  const Folder folder;
  ASSERT_EQ(run(generate(folder / "slide.svs", kQuick)).code, 0);
  const OpenSlide slide = open_slide(folder / "slide.svs");
  EXPECT_THAT(property(slide.get(), "aperio.ScanScope ID"), "SYNTHETIC");
  EXPECT_THAT(property(slide.get(), "tiff.Software"), HasSubstr("Histoloom"));
  EXPECT_THAT(bytes_of(folder / "slide.svs"), HasSubstr("trainedAlgorithmicMedia"));
  const auto manifest = nlohmann::json::parse(bytes_of(folder / "slide.svs.manifest.json"));
  EXPECT_EQ(manifest["synthetic"], true);
  EXPECT_EQ(manifest["job"]["seed"], 4);
  EXPECT_EQ(manifest["job"]["size"], nlohmann::json({600, 500}));
}

TEST(Slide, ComesWithLabelsThumbnailAndReportWhereTheyAreAskedFor) {
  const Folder folder;
  // Quarters of the slide: carcinoma, necrosis, stroma and glass.
  write_mask(folder / "mask.png", 32, 32, [](int x, int y) {
    return (y < 16 ? 1 : 3) + (x < 16 ? 0 : y < 16 ? 1 : 2);
  });
  const Arguments outputs{"--mask",      (folder / "mask.png").string(),
                          "--size",      "256x256",
                          "--steps",     "2",
                          "--mask-out",  (folder / "labels.tif").string(),
                          "--thumbnail", (folder / "slide.png").string(),
                          "--report",    (folder / "report.json").string()};
  const Outcome outcome = run(by_default_model(generate(folder / "slide.svs", outputs)));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(folder.listing(), ElementsAre("labels.tif", "mask.png", "report.json", "slide.png",
                                            "slide.svs", "slide.svs.manifest.json"));

  const Page labels = read_page(folder / "labels.tif", 0);
  ASSERT_EQ(labels.pixels.size(), 256u * 256u);
  for (int y = 0; y < 256; y += 5)
    for (int x = 0; x < 256; x += 5)
      ASSERT_EQ(labels.pixels[static_cast<std::size_t>(256 * y + x)],
                (y < 128 ? 1 : 3) + (x < 128   ? 0
                                     : y < 128 ? 1
                                               : 2))
          << x << "," << y;

  const auto report = nlohmann::json::parse(bytes_of(folder / "report.json"));
  EXPECT_EQ(report["slide"]["width"], 256);
  EXPECT_EQ(report["slide"]["tissue_fraction"], 0.75);
  EXPECT_EQ(report["slide"]["bytes"], std::filesystem::file_size(folder / "slide.svs"));
  EXPECT_EQ(report["coverage"]["steps"].size(), 2u);
  EXPECT_GE(report["coverage"]["crops"], report["coverage"]["minimum"]);
  EXPECT_GT(report["denoiser"]["evaluations"], 0);
  EXPECT_LE(report["denoiser"]["gflop_per_evaluation"], 3.0) << "what a laptop can carry";
}

TEST(Slide, MayHaveANameThatIsNoText) {
  const Folder folder;
  const auto out = folder / "a\xff.svs";
  const Outcome outcome = run(generate(out, {"--size", "64x64", "--steps", "1", "--verbose",
                                             "--report", (folder / "\xfe.json").string()}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = nlohmann::json::parse(bytes_of(folder / "\xfe.json"));
  EXPECT_EQ(report["slide"]["path"], (folder / "a\uFFFD.svs").string());
  EXPECT_FALSE(std::filesystem::exists(out.string() + ".work"));
  EXPECT_EQ(run(mask(folder / "l\xff.tif",
                     {"--size", "64x64", "--report", (folder / "\xfd.json").string()}))
                .code,
            0);
}

TEST(Slide, IsTheSameByteForByteHoweverItIsRun) {
  const Folder folder;
  ASSERT_EQ(run(generate(folder / "first.svs", kQuick)).code, 0);
  std::filesystem::create_directories(folder / "elsewhere");
  const std::pair<const char*, Arguments> ways[] = {
      {"again.svs", {}},
      {"one.svs", {"--threads", "1", "--memory", "32MiB"}},
      {"two.svs", {"--threads", "2", "--memory", "4GiB"}},
      {"eight.svs", {"--threads", "8", "--memory", "96MiB"}},
      {"elsewhere/name.svs", {"--work", (folder / "elsewhere/work").string()}}};
  for (const auto& [name, way] : ways) {
    SCOPED_TRACE(name);
    const Outcome outcome = run(generate(folder / name, plus(kQuick, way)));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(bytes_of(folder / name) == bytes_of(folder / "first.svs"));
    EXPECT_EQ(bytes_of(folder / (std::string(name) + ".manifest.json")),
              bytes_of(folder / "first.svs.manifest.json"));
  }
}

TEST(Long, DISABLED_ASlideFiveTimesAsTallTakesHardlyMoreMemory) {
  const Folder folder;
  const auto peak_of = [&](const std::string& size) -> std::int64_t {
    const auto report = folder / "report.json";
    const Outcome outcome =
        run(generate(folder / "s.svs", {"--size", size, "--steps", "2", "--memory", "256MiB",
                                        "--threads", "2", "--force", "--report", report.string()}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const std::int64_t peak = nlohmann::json::parse(bytes_of(report))["peak_rss_bytes"];
    std::printf("%s: %lld bytes at the peak\n", size.c_str(), static_cast<long long>(peak));
    return peak;
  };
  const std::int64_t flat = peak_of("4096x8192"), tall = peak_of("4096x40960");
  EXPECT_LT(tall - flat, 64 << 20);
}

TEST(Slide, IsAnotherForAnotherSeed) {
  const Folder folder;
  const Arguments same{"--size", "256x256", "--steps", "2", "--layout", "full", "--seed"};
  ASSERT_EQ(run(generate(folder / "a.svs", plus(same, {"1"}))).code, 0);
  ASSERT_EQ(run(generate(folder / "b.svs", plus(same, {"2"}))).code, 0);
  const Page a = read_page(folder / "a.svs", 0), b = read_page(folder / "b.svs", 0);
  std::size_t different = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) different += a.pixels[i] != b.pixels[i];
  EXPECT_GT(different, a.pixels.size() / 2);
}

TEST(Slide, HasExactlyTheSizeThatWasAskedFor) {
  const Folder folder;
  for (const auto& [width, height] : {std::pair{64, 64}, {100, 100}, {333, 2049}}) {
    const std::string size = fmt::format("{}x{}", width, height);
    for (const std::string ending : {".svs", ".tif", ".ome.tif"}) {
      SCOPED_TRACE(size + ending);
      const auto path = folder / (size + ending);
      const Outcome outcome = run(generate(path, {"--size", size, "--steps", "1"}));
      ASSERT_EQ(outcome.code, 0) << outcome.err;
      const OpenSlide slide = open_slide(path);
      ASSERT_NE(slide, nullptr);
      std::int64_t w = 0, h = 0;
      openslide_get_level0_dimensions(slide.get(), &w, &h);
      EXPECT_EQ(w, width);
      EXPECT_EQ(h, height);
      const Page page = read_page(path, 0);
      EXPECT_EQ(page.pixels.size(), static_cast<std::size_t>(width * height * 3));
    }
  }
}

TEST(Slide, IsReplacedOnlyWithForce) {
  const Folder folder;
  write_bytes(folder / "slide.svs", "an older slide");
  const Arguments small{"--size", "64x64", "--steps", "1"};
  EXPECT_EQ(run(generate(folder / "slide.svs", small)).code, 2);
  EXPECT_EQ(bytes_of(folder / "slide.svs"), "an older slide");
  EXPECT_EQ(run(generate(folder / "slide.svs", plus(small, {"--force"}))).code, 0);
  EXPECT_EQ(page_count(folder / "slide.svs"), 4);
}

TEST(DryRun, SaysWhatWouldBeDoneAndWritesNothing) {
  const Folder folder;
  const Outcome outcome =
      run(generate(folder / "slide.svs", {"--size", "41344x41344", "--dry-run"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("41344x41344 px"), HasSubstr("evaluations"),
                                 HasSubstr("disk"), HasSubstr("memory")));
  EXPECT_THAT(folder.listing(), testing::IsEmpty());
}

TEST(DryRun, TellsTheEvaluationsOfTheReport) {
  const Folder folder;
  const Arguments jobs[] = {
      kQuick,
      {"--size", "600x500", "--steps", "5", "--layout", "full", "--plan", "random", "--guidance",
       "0"},
      {"--size", "1500x300", "--steps", "6", "--layout", "full", "--guidance-interval", "0.3,0.6"}};
  for (const Arguments& job : jobs) {
    const Outcome dry = run(generate(folder / "s.svs", plus(job, {"--dry-run", "--force"})));
    ASSERT_EQ(dry.code, 0) << dry.err;
    int told = 0, mask = 0;
    const auto at = dry.out.find("evaluations  about ");
    ASSERT_NE(at, std::string::npos) << dry.out;
    std::sscanf(dry.out.c_str() + at, "evaluations  about %d of the denoiser", &told);
    const auto mask_at = dry.out.find("; about ");
    ASSERT_NE(mask_at, std::string::npos) << dry.out;
    std::sscanf(dry.out.c_str() + mask_at, "; about %d of the mask denoiser", &mask);
    EXPECT_THAT(dry.out, testing::ContainsRegex("time         about .+ in the networks on"));
    const auto json = folder / "report.json";
    ASSERT_EQ(
        run(generate(folder / "s.svs", plus(job, {"--force", "--report", json.string()}))).code, 0);
    const auto report = nlohmann::json::parse(bytes_of(json));
    const double evaluations = report["denoiser"]["evaluations"];
    EXPECT_NEAR(told, evaluations, 0.1 * evaluations);
    EXPECT_EQ(mask, report["mask_denoiser"]["evaluations"]);
  }
}

TEST(Progress, IsShownOnStderrUnlessQuiet) {
  const Folder folder;
  Arguments arguments = generate(folder / "slide.svs", {"--size", "64x64", "--steps", "1"});
  std::erase(arguments, "--quiet");
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, (folder / "slide.svs").string() + "\n");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("painting"), HasSubstr("decoding")));
}

TEST(Version, AndHelpGoToStdout) {
  const Outcome version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, testing::StartsWith("histoloom "));
  const Outcome help = run({"generate", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_EQ(help.err, "");
  EXPECT_THAT(help.out, AllOf(HasSubstr("--size"), HasSubstr("--seed"), HasSubstr("--resume")));
}

}  // namespace
}  // namespace histoloom::test
