// The recipe of the labels alone.
#include "mask_recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fake_networks.h"
#include "histoloom/core/file.h"
#include "label_painting.h"

namespace histoloom {
namespace {

class MaskRecipeTest : public RecipeTest {
 protected:
  LabelArguments arguments() const {
    LabelArguments a;
    a.mask_out = scratch_ / "labels.tif";
    a.model = scratch_ / "model";
    a.size = "256x128";
    a.threads = 1;
    a.dtype = "float32";
    a.report = scratch_ / "report.json";
    return a;
  }
};

TEST_F(MaskRecipeTest, WritesLabelsAndTheirShares) {
  const MaskJobSpec spec = parse(arguments());
  MaskRecipe recipe(spec, bundle_, label_painter(spec.labels, bundle_, 1));
  EXPECT_FALSE(recipe.paints()) << "the bundle has no mask denoiser";
  recipe.run(networks_, progress_);
  EXPECT_EQ(scratch_.files(), (std::vector<std::string>{"labels.tif", "model", "report.json"}));
  const auto report = nlohmann::json::parse(read_file(scratch_ / "report.json"));
  const auto& shares = report["mask"]["shares"];
  EXPECT_EQ(report["mask"]["cell"], 8);
  EXPECT_NEAR(shares["tissue"].get<double>() + shares["glass"].get<double>() +
                  shares["unknown"].get<double>(),
              1, 1e-9);
  EXPECT_NEAR(shares["tissue"].get<double>(), 0.40, 0.05);
  EXPECT_EQ(networks_.asked, "");
}

TEST_F(MaskRecipeTest, AnOutputThatIsThereNeedsForce) {
  write_bytes(scratch_ / "labels.tif", "old");
  LabelArguments a = arguments();
  const MaskJobSpec spec = parse(a);
  EXPECT_EQ(message_of([&] { MaskRecipe(spec, bundle_, nullptr); }),
            "-o " + a.mask_out.string() + ": exists; give another name, or --force to replace it");
  a.force = true;
  const MaskJobSpec forced = parse(a);
  EXPECT_NO_THROW(MaskRecipe(forced, bundle_, nullptr));
}

}  // namespace
}  // namespace histoloom
