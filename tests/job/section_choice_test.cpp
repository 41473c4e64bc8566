#include "section_choice.h"

#include <gtest/gtest.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

ModelBundle sectioned_bundle() {
  ModelBundle bundle;
  bundle.name = "small";
  bundle.mpp = 0.25;
  bundle.latent.downsampling = 8;
  bundle.section.emplace();
  bundle.section->roles = {1, 2, {}, {}, {}};
  bundle.section->traits.mass_mm = 3;
  bundle.section->by_prompt["squamous"].mass_mm = 7;
  return bundle;
}

LabelSpec layout_with(std::optional<double> share, std::optional<int> masses) {
  LayoutSource layout;
  layout.tumour_share = share;
  layout.masses = masses;
  return {.size = {640, 480}, .seed = 9, .source = layout};
}

TEST(SectionChoice, IsTheBundlesByPromptWithTheUsersValues) {
  const ModelBundle bundle = sectioned_bundle();
  const auto first = section_choice(layout_with({}, {}), bundle, "");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->options.traits.mass_mm, 3);
  EXPECT_EQ(first->options.microns_per_cell, 2);
  EXPECT_EQ(first->options.seed, 9u);
  EXPECT_EQ(first->roles.quiet, 2);
  const auto own = section_choice(layout_with(0.1, 4), bundle, "squamous");
  EXPECT_EQ(own->options.traits.mass_mm, 7);
  EXPECT_EQ(own->options.traits.tumour_share, 0.1);
  EXPECT_EQ(own->options.traits.masses, 4);
}

TEST(SectionChoice, IsNothingOfAMaskOrWithoutTheBundlesWord) {
  ModelBundle bundle = sectioned_bundle();
  EXPECT_FALSE(section_choice({.size = {64, 64}, .source = MaskSource{"m.png"}}, bundle, ""));
  bundle.section.reset();
  EXPECT_FALSE(section_choice(layout_with({}, {}), bundle, ""));
  for (const LabelSpec& spec : {layout_with(0.5, {}), layout_with({}, 2)})
    EXPECT_EQ(
        message_of([&] { section_choice(spec, bundle, ""); }),
        "--tumour-share and --masses need a model that has a 'section', and 'small' has none; "
        "leave them out");
}

TEST(SectionFacts, AreToldInWordsAndAsJson) {
  EXPECT_EQ(text_of(SectionFacts{0.45, 3}), "0.45 of the tissue in 3 masses");
  EXPECT_EQ(text_of(SectionFacts{0.5, 1}), "0.5 of the tissue in 1 mass");
  EXPECT_EQ(json_of(SectionFacts{0.5, 1}).dump(), R"({"tumour_share":0.5,"masses":1})");
}

}  // namespace
}  // namespace histoloom
