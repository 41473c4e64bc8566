// A part of a slide painted anew: the part, its margin, and not one pixel more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openslide/openslide.h>
#include <vips/vips.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "support.h"

namespace histoloom::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr std::array<int, 4> kRegion{301, 201, 120, 90};
const char* const kRegionText = "301,201,120,90";

Arguments inpaint(const std::filesystem::path& slide, const std::filesystem::path& out,
                  const Arguments& more = {"--region", kRegionText}) {
  Arguments arguments = generate(out, {"--inpaint", slide.string(), "--steps", "2", "--seed", "3"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// A slide of tissue, 600 × 500 px at 0.5 microns a pixel.
void make_slide(const std::filesystem::path& path, const char* compression) {
  const Outcome outcome =
      run(generate(path, {"--size", "600x500", "--steps", "2", "--layout", "full", "--tile", "128",
                          "--compression", compression}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
}

// How many pixels differ, within the region grown by `margin` and beyond.
struct Difference {
  int inside = 0, outside = 0;
};
Difference difference(const Page& a, const Page& b, int margin) {
  Difference out;
  const auto [x0, y0, width, height] = kRegion;
  for (int y = 0; y < a.height; ++y)
    for (int x = 0; x < a.width; ++x) {
      const auto i = static_cast<std::size_t>(3 * (y * a.width + x));
      if (std::equal(&a.pixels[i], &a.pixels[i] + 3, &b.pixels[i])) continue;
      const bool near = x >= x0 - margin && x < x0 + width + margin && y >= y0 - margin &&
                        y < y0 + height + margin;
      ++(near ? out.inside : out.outside);
    }
  return out;
}

class Inpainted : public testing::TestWithParam<std::array<const char*, 2>> {};

TEST_P(Inpainted, ChangesTheRegionAndNothingBeyondItsMargin) {
  const auto [name, compression] = GetParam();
  const Folder folder;
  const auto slide = folder / (std::string("a") + name), out = folder / (std::string("b") + name);
  make_slide(slide, compression);
  const std::string before = bytes_of(slide);
  const Outcome outcome = run(inpaint(slide, out));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, out.string() + "\n");
  EXPECT_EQ(bytes_of(slide), before) << "the slide is kept";
  EXPECT_EQ(folder.listing().size(), 4u) << "two slides and their manifests";

  const bool jpeg = std::string(compression) == "jpeg";
  const Difference d = difference(read_page(slide, 0), read_page(out, 0), jpeg ? 16 + 16 : 16);
  EXPECT_GT(d.inside, kRegion[2] * kRegion[3] * 9 / 10);
  EXPECT_EQ(d.outside, 0);
  EXPECT_EQ(page_count(out), page_count(slide));
}

INSTANTIATE_TEST_SUITE_P(Formats, Inpainted,
                         testing::Values(std::array{".svs", "deflate"}, std::array{".svs", "jpeg"},
                                         std::array{".tif", "lzw"},
                                         std::array{".ome.tif", "none"}));

TEST(Inpainting, IsSaidInTheSlideAndItsManifest) {
  const Folder folder;
  make_slide(folder / "a.svs", "jpeg");
  const Outcome outcome = run(by_default_model(inpaint(
      folder / "a.svs", folder / "b.svs", {"--region", kRegionText, "--class", "necrosis"})));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(
      openslide_open((folder / "b.svs").c_str()), openslide_close);
  ASSERT_NE(slide, nullptr);
  ASSERT_EQ(openslide_get_error(slide.get()), nullptr);
  EXPECT_THAT(openslide_get_property_value(slide.get(), "aperio.Inpainted"),
              testing::StartsWith("301,201,120,90 by Histoloom "));
  const auto manifest = nlohmann::json::parse(bytes_of(folder / "b.svs.manifest.json"));
  EXPECT_EQ(manifest["synthetic"], "in part");
  EXPECT_THAT(manifest["digital_source_type"].get<std::string>(),
              EndsWith("compositeWithTrainedAlgorithmicMedia"));
  EXPECT_EQ(manifest["job"]["inpaint"]["region"], nlohmann::json(kRegion));
  EXPECT_EQ(manifest["job"]["inpaint"]["slide"], "a.svs");
  EXPECT_EQ(manifest["job"]["labels"]["source"], "class necrosis");
  EXPECT_EQ(manifest["slide"]["width"], 600);
}

TEST(Inpainting, GivesTheSameBytesForAnyNumberOfThreads) {
  const Folder folder;
  make_slide(folder / "a.svs", "jpeg");
  for (const char* threads : {"1", "3"})
    ASSERT_EQ(run(inpaint(folder / "a.svs", folder / (std::string(threads) + ".svs"),
                          {"--region", kRegionText, "--threads", threads}))
                  .code,
              0);
  EXPECT_EQ(bytes_of(folder / "1.svs"), bytes_of(folder / "3.svs"));
}

TEST(Inpainting, TakesAFileOfAnotherProgramAndADrawnRegion) {
  const Folder folder;
  make_slide(folder / "a.svs", "deflate");
  ASSERT_EQ(VIPS_INIT("end_to_end_test"), 0);
  VipsImage* image = nullptr;
  ASSERT_EQ(vips_tiffload((folder / "a.svs").c_str(), &image, nullptr), 0);
  // 2000 pixels a millimetre are 0.5 microns each.
  ASSERT_EQ(vips_tiffsave(image, (folder / "vips.tif").c_str(), "tile", TRUE, "pyramid", TRUE,
                          "compression", VIPS_FOREIGN_TIFF_COMPRESSION_JPEG, "Q", 90, "xres",
                          2000.0, "yres", 2000.0, nullptr),
            0)
      << vips_error_buffer();
  g_object_unref(image);
  // A triangle: the other half of its box stays.
  write_bytes(folder / "r.geojson",
              R"({"type": "Feature", "properties": {}, "geometry": {"type": "Polygon",
                  "coordinates": [[[301, 201], [421, 201], [301, 291], [301, 201]]]}})");
  const Outcome outcome = run(inpaint(folder / "vips.tif", folder / "out.tif",
                                      {"--region-file", (folder / "r.geojson").string()}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Page a = read_page(folder / "vips.tif", 0), b = read_page(folder / "out.tif", 0);
  const Difference d = difference(a, b, 16 + 16 + 1);
  EXPECT_EQ(d.outside, 0);
  EXPECT_GT(d.inside, 120 * 90 / 2);
  // Far from the line between the corners, but in the box.
  for (int y = 300; y < 320; ++y)
    for (int x = 420; x < 440; ++x)
      for (int c = 0; c < 3; ++c) {
        const auto i = static_cast<std::size_t>(3 * (y * a.width + x) + c);
        ASSERT_EQ(a.pixels[i], b.pixels[i]) << x << ',' << y;
      }
}

TEST(Inpainting, LeavesWhatItsMaskCallsGlassAsItWas) {
  const Folder folder;
  make_slide(folder / "a.svs", "deflate");
  write_mask((folder / "m.png").string(), 600, 500, [](int x, int) { return x < 360 ? 5 : 1; });
  const Outcome outcome =
      run(inpaint(folder / "a.svs", folder / "b.svs",
                  {"--region", kRegionText, "--mask", (folder / "m.png").string()}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Page a = read_page(folder / "a.svs", 0), b = read_page(folder / "b.svs", 0);
  int changed = 0;
  for (int y = 201; y < 291; ++y) {
    for (int x = 301; x < 421; ++x) {
      const auto i = static_cast<std::size_t>(3 * (y * a.width + x));
      const bool same = std::equal(&a.pixels[i], &a.pixels[i] + 3, &b.pixels[i]);
      if (x < 360 - 16) {
        ASSERT_TRUE(same) << x << ',' << y;
      }
      changed += !same;
    }
  }
  EXPECT_GT(changed, (421 - 360) * 90 * 9 / 10);
}

TEST(Inpainting, OnADiskThatIsTooSmallIsRefusedBeforeAnyWork) {
  const Folder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.resize("500k")) GTEST_SKIP() << disk.why();
  make_slide(folder / "a.svs", "none");
  const Outcome full = run(inpaint(folder / "a.svs", folder / "disk/b.svs",
                                   {"--region", kRegionText, "--work", (folder / "w").string()}));
  EXPECT_EQ(full.code, 2);
  EXPECT_THAT(full.err,
              testing::MatchesRegex("histoloom: the slide needs about [^\n]+ in '[^\n]*/disk', "
                                    "500 KiB are free; choose another disk with -o\n"));
  EXPECT_FALSE(std::filesystem::exists(folder / "w"));
}

TEST(Inpainting, RefusesWhatDoesNotFit) {
  const Folder folder;
  const auto slide = folder / "a.svs", out = folder / "b.svs";
  make_slide(slide, "jpeg");
  const auto listing = folder.listing();
  const std::string path = slide.string();
  const std::pair<Arguments, std::string> cases[] = {
      {{"--region", "500,400,120,90"},
       "the region 500,400,120,90 reaches past the slide, which has 600x500 px"},
      {{"--region", kRegionText, "--class", "glass"}, "--class must be a label of the model"},
      {{"--region", kRegionText, "--size", "600x500"}, "--size excludes --inpaint"}};
  for (const auto& [more, message] : cases) {
    const Outcome outcome = run(inpaint(slide, out, more));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(message));
  }
  write_bytes(folder / "no.svs", "no slide");
  const Outcome outcome = run(inpaint(folder / "no.svs", out));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("no.svs is no TIFF file"));
  std::filesystem::remove(folder / "no.svs");
  EXPECT_EQ(folder.listing(), listing) << "something was left behind";
}

TEST(Inpainting, TellsTheEvaluationsOfItsReport) {
  const Folder folder;
  make_slide(folder / "a.svs", "jpeg");
  const auto json = folder / "r.json";
  const Outcome dry = run(inpaint(folder / "a.svs", folder / "b.svs",
                                  {"--region", kRegionText, "--class", "necrosis", "--dry-run"}));
  ASSERT_EQ(dry.code, 0) << dry.err;
  int told = 0;
  const auto at = dry.out.find("evaluations  about ");
  ASSERT_NE(at, std::string::npos) << dry.out;
  std::sscanf(dry.out.c_str() + at, "evaluations  about %d", &told);
  ASSERT_EQ(
      run(inpaint(folder / "a.svs", folder / "b.svs",
                  {"--region", kRegionText, "--class", "necrosis", "--report", json.string()}))
          .code,
      0);
  EXPECT_EQ(told, nlohmann::json::parse(bytes_of(json))["denoiser"]["evaluations"]);
}

TEST(Inpainting, WantsTheModelsScale) {
  const Folder folder;
  make_slide(folder / "a.svs", "deflate");
  ASSERT_EQ(run({"pyramid", (folder / "a.svs").string(), "-o", (folder / "far.svs").string(),
                 "--mpp", "1.2", "--quiet"})
                .code,
            0);
  const Outcome outcome = run(inpaint(folder / "far.svs", folder / "b.svs"));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "histoloom: " + (folder / "far.svs").string() +
                             ": has 1.2 microns a pixel, the model paints 0.5; take a model within "
                             "10 %, or paint at the wrong scale with --any-scale\n");
  // Whoever replaces an earlier try is warned as well.
  Arguments again = inpaint(folder / "far.svs", folder / "b.svs");
  again.push_back("--force");
  EXPECT_EQ(run(again).err, outcome.err);
  again.back() = "--any-scale";
  EXPECT_EQ(run(again).code, 0);
}

}  // namespace
}  // namespace histoloom::test
