// The recipe that paints a part of a slide anew, with its store and networks handed in.
#include "inpaint_recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fake_networks.h"
#include "histoloom/core/file.h"
#include "histoloom/pyramid/writer.h"
#include "job_json.h"

namespace histoloom {
namespace {

constexpr PixelSize kSlide{400, 300};

class InpaintRecipeTest : public RecipeTest {
 protected:
  InpaintRecipeTest() {
    pyramid::WriterOptions options;
    options.size = kSlide;
    options.profile = pyramid::Profile::svs;
    options.mpp = 0.5;
    options.tile = 64;
    options.compression = pyramid::Compression::lzw;
    pyramid::PyramidWriter writer(scratch_ / "old.svs", options);
    const std::vector<std::uint8_t> row(3 * 400, 120);
    writer.write_rows({row.data(), kSlide, /*channels=*/3, /*stride=*/0});
    writer.finish();
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
    WorkDirectory work(spec.work, false, false, text_of(recipe.job()));
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

}  // namespace
}  // namespace histoloom
