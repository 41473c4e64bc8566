// The recipe that paints a part of a slide anew, with its store and networks handed in.
#include "inpaint_recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "fake_networks.h"
#include "histoloom/core/file.h"
#include "histoloom/pyramid/writer.h"
#include "job_json.h"

namespace histoloom {
namespace {

constexpr PixelSize kSlide{400, 300};

class InpaintRecipeTest : public RecipeTest {
 protected:
  InpaintRecipeTest() { write_slide(std::vector<std::uint8_t>(3 * 400, 120)); }
  // All rows of the slide are this one.
  void write_slide(const std::vector<std::uint8_t>& row) const {
    pyramid::WriterOptions options;
    options.size = kSlide;
    options.profile = pyramid::Profile::svs;
    options.mpp = 0.5;
    options.tile = 64;
    options.compression = pyramid::Compression::lzw;
    pyramid::PyramidWriter writer(scratch_ / "old.svs", options);
    writer.write_rows({row.data(), kSlide, /*channels=*/3, /*stride=*/0});
    writer.finish();
  }
  // The columns in which the copy differs.
  std::set<std::int64_t> changed_columns() const {
    const pyramid::TileEditor before(scratch_ / "old.svs"), after(scratch_ / "new.svs");
    const auto old_pixels = before.read(PixelRect::of(kSlide)),
               new_pixels = after.read(PixelRect::of(kSlide));
    std::set<std::int64_t> columns;
    for (std::size_t i = 0; i < old_pixels.size(); ++i)
      if (old_pixels[i] != new_pixels[i])
        columns.insert(static_cast<std::int64_t>(i / 3) % kSlide.width);
    return columns;
  }
  GenerateArguments arguments() const {
    GenerateArguments a;
    a.out = scratch_ / "new.svs";
    a.model = scratch_ / "model";
    a.inpaint = scratch_ / "old.svs";
    a.region = "160,120,40,30";
    a.threads = 2;
    a.dtype = "float32";
    a.steps = 2;
    return a;
  }
  void make(const GenerateArguments& a) {
    const GenerateSpec spec = parse(a);
    InpaintRecipe recipe(spec, bundle_, Replaceable(true));
    WorkDirectory work(spec.work, false, false, text_of(recipe.job()), "avx2");
    recipe.run(networks_, work, progress_);
  }
};

TEST_F(InpaintRecipeTest, WritesACopyThatDiffersInTheRegionAlone) {
  make(arguments());
  const pyramid::TileEditor before(scratch_ / "old.svs"), after(scratch_ / "new.svs");
  ASSERT_EQ(after.size(), kSlide);
  const std::vector<std::uint8_t> old_pixels = before.read(PixelRect::of(kSlide)),
                                  new_pixels = after.read(PixelRect::of(kSlide));
  const PixelRect touched{160 - 16, 120 - 16, 200 + 16, 150 + 16};
  int changed = 0;
  for (std::int64_t y = 0; y < kSlide.height; ++y)
    for (std::int64_t x = 0; x < kSlide.width; ++x) {
      const auto i = static_cast<std::size_t>(3 * (y * kSlide.width + x));
      const bool same = std::equal(&old_pixels[i], &old_pixels[i] + 3, &new_pixels[i]);
      ASSERT_TRUE(same || touched.contains(PixelPoint{x, y})) << x << "," << y;
      changed += !same;
    }
  EXPECT_GT(changed, 40 * 30 / 2);
  EXPECT_EQ(networks_.asked, "ada") << "surroundings, latents, pixels";
}

TEST_F(InpaintRecipeTest, TheManifestSaysWhatIsSynthetic) {
  make(arguments());
  const auto manifest = nlohmann::json::parse(read_file(scratch_ / "new.svs.manifest.json"));
  EXPECT_EQ(manifest["synthetic"], "in part");
  EXPECT_EQ(manifest["slide"]["mpp"], 0.5);
  EXPECT_EQ(manifest["job"]["inpaint"]["region"], (nlohmann::json{160, 120, 40, 30}));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "new.svs.work"));
}

TEST_F(InpaintRecipeTest, TheSlideItselfIsNoCopy) {
  GenerateArguments a = arguments();
  a.out = scratch_ / "." / "old.svs";
  a.inpaint = scratch_ / "old.svs";
  std::filesystem::create_hard_link(scratch_ / "old.svs", scratch_ / "link.svs");
  a.out = scratch_ / "link.svs";
  EXPECT_EQ(message_of([&] { require_copy(parse(a)); }),
            "-o " + a.out.string() + ": is the slide itself, which is kept; give another name");
}

TEST_F(InpaintRecipeTest, AClassThatTheModelLacksIsRefusedWithoutANetwork) {
  GenerateArguments a = arguments();
  for (const char* name : {"stroma", "glass"}) {
    a.class_name = name;
    EXPECT_EQ(message_of([&] { make(a); }),
              std::string("--class must be a label of the model other than glass (0 unknown, 1 "
                          "tissue, 3 glass), got '") +
                  name + "'");
  }
  EXPECT_EQ(networks_.asked, "");
}

TEST_F(InpaintRecipeTest, LeavesGlassThatTheSlideShows) {
  std::vector<std::uint8_t> row(3 * 400, 120);
  std::fill_n(row.begin(), 3 * 184, std::uint8_t{240});
  write_slide(row);
  for (const char* name : {"", "tissue"}) {
    GenerateArguments a = arguments();
    a.class_name = name;
    a.region = "80,80,240,150";
    a.force = true;
    make(a);
    const std::set<std::int64_t> columns = changed_columns();
    ASSERT_FALSE(columns.empty());
    EXPECT_GE(*columns.begin(), 184 - 16) << "the margin fades in old pixels";
    EXPECT_GT(*columns.rbegin(), 310);
  }
  GenerateArguments all = arguments();
  all.region = "16,16,80,80";
  EXPECT_EQ(message_of([&] { make(all); }),
            "the region 16,16,80,80 holds no cell of tissue to paint; give another region or mask");
}

TEST_F(InpaintRecipeTest, PaintsEachPolygonAsItsClassSays) {
  GenerateArguments a = arguments();
  a.region.clear();
  a.region_file = scratch_ / "r.geojson";
  const auto draw = [&](const char* left, const char* right) {
    const auto square = [](int x, const char* name) {
      return R"({"type": "Feature", "properties": {"classification": {"name": ")" +
             std::string(name) + R"("}}, "geometry": {"type": "Polygon", "coordinates": [[[)" +
             std::to_string(x) + ", 80], [" + std::to_string(x + 64) + ", 80], [" +
             std::to_string(x + 64) + ", 144], [" + std::to_string(x) + ", 144]]]}}";
    };
    write_bytes(a.region_file, "[" + square(80, left) + ", " + square(240, right) + "]");
  };
  draw("glass", "Tissue");
  make(a);
  const std::set<std::int64_t> columns = changed_columns();
  ASSERT_FALSE(columns.empty());
  EXPECT_GE(*columns.begin(), 240 - 16) << "what is called glass stays";
  const auto manifest = nlohmann::json::parse(read_file(scratch_ / "new.svs.manifest.json"));
  EXPECT_EQ(manifest["job"]["labels"]["source"], "polygons");

  draw("tissue", "Tumor");
  EXPECT_EQ(message_of([&] { make(a); }),
            a.region_file.string() +
                ": a polygon is of class 'Tumor', which is no label; the labels are 0 unknown, 1 "
                "tissue, 3 glass. Give --class for all polygons, or change it");
  a.class_name = "tissue";
  a.force = true;
  EXPECT_EQ(message_of([&] { make(a); }), "") << "--class counts for all";
}

}  // namespace
}  // namespace histoloom
