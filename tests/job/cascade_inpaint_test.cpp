// A part of a slide painted anew by a bundle of three stages.
#include <gtest/gtest.h>

#include "fake_networks.h"
#include "histoloom/core/file.h"
#include "histoloom/pictures/open_picture.h"
#include "inpaint_recipe.h"
#include "job_json.h"
#include "networks/test_cascade.h"
#include "slide_recipe.h"

namespace histoloom {
namespace {

class CascadeInpainting : public testing::Test {
 protected:
  CascadeInpainting() {
    write_small_cascade(scratch_ / "model");
    bundle_ = ModelBundle::read(scratch_ / "model");
    GenerateArguments a = arguments();
    a.out = scratch_ / "slide.tif";
    a.size = "640x512";
    a.layout = "full";
    a.steps = 2;
    run<SlideRecipe>(a);
  }
  GenerateArguments arguments() const {
    GenerateArguments a;
    a.model = scratch_ / "model";
    a.threads = 2;
    a.dtype = "float32";
    return a;
  }
  GenerateArguments inpainting(const char* region, const char* out) const {
    GenerateArguments a = arguments();
    a.inpaint = scratch_ / "slide.tif";
    a.out = scratch_ / out;
    a.region = region;
    return a;
  }
  template <class Recipe>
  void run(const GenerateArguments& a) {
    const GenerateSpec spec = parse(a);
    Recipe recipe(spec, bundle_, Replaceable(true));
    Networks networks(bundle_, recipe.image(), spec.machine, recipe.needs());
    WorkDirectory work(spec.work, /*resume=*/false, /*force=*/false, text_of(recipe.job()), "avx2",
                       recipe.coarser_stages());
    if constexpr (std::is_same_v<Recipe, SlideRecipe>)
      recipe.run(networks, work, open_slide_writer, progress_);
    else
      recipe.run(networks, work, progress_);
  }
  Picture inpainted(const GenerateArguments& a) {
    run<InpaintRecipe>(a);
    EXPECT_FALSE(std::filesystem::exists(a.out.string() + ".work"));
    return read_picture(a.out);
  }
  void change_weights(const char* name, const NetworkSpec& of) {
    const auto network = make_denoiser("label_map_unet", of.config_json, "test");
    randomise(network->parameters(), 99);
    write_safetensors(scratch_ / "model" / (std::string(name) + ".safetensors"),
                      network->parameters(), {});
  }

  ScratchDirectory scratch_;
  ModelBundle bundle_;
  RecipeProgress progress_;
};

std::int64_t differing(const Picture& a, const Picture& b, const PixelRect& in) {
  std::int64_t count = 0;
  for (std::int64_t y = in.y0; y < in.y1; ++y)
    for (std::int64_t x = in.x0; x < in.x1; ++x)
      count += !std::equal(a.at(x, y), a.at(x, y) + 3, b.at(x, y));
  return count;
}

TEST_F(CascadeInpainting, EveryStageDecidesTheRegionAndTheRestStays) {
  const Picture before = read_picture(scratch_ / "slide.tif");
  const GenerateArguments a = inpainting("256,192,100,90", "a.tif");
  const Picture after = inpainted(a);
  EXPECT_GT(differing(before, after, {256, 192, 356, 282}), 8000);
  EXPECT_EQ(differing(before, after, {0, 0, 640, 128}), 0);
  EXPECT_EQ(differing(before, after, {0, 0, 192, 512}), 0);
  for (const char* stage : {"overview", "middle"}) {
    change_weights(stage, bundle_.stage_named(stage).denoiser);
    EXPECT_GT(differing(after, inpainted(a), {256, 192, 356, 282}), 4000) << stage;
  }
}

TEST_F(CascadeInpainting, RegionsAtTheSlidesCornersArePainted) {
  const Picture before = read_picture(scratch_ / "slide.tif");
  const Picture first = inpainted(inpainting("0,0,40,64", "a.tif")),
                last = inpainted(inpainting("600,448,40,64", "b.tif"));
  EXPECT_GT(differing(before, first, {0, 0, 40, 64}), 2000);
  EXPECT_GT(differing(before, last, {600, 448, 640, 512}), 2000);
}

TEST_F(CascadeInpainting, NeitherThreadsNorMemoryChangeAByte) {
  GenerateArguments a = inpainting("256,192,100,90", "a.tif");
  run<InpaintRecipe>(a);
  const std::string expected = read_file(a.out);
  a.threads = 1;
  a.memory = "64MiB";
  run<InpaintRecipe>(a);
  EXPECT_EQ(read_file(a.out), expected);
}

}  // namespace
}  // namespace histoloom
