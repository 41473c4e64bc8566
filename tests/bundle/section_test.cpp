// What model.json says of sections.
#include <gtest/gtest.h>

#include "histoloom/bundle/bundle.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

using nlohmann::ordered_json;

// Labels tissue, other and stroma, and two prompts.
ordered_json section_json() {
  ordered_json json = small_model_json();
  json["prompts"] = {"first", "second"};
  json["label_set"]["labels"].push_back({{"id", 2}, {"name", "other"}, {"color", {0, 0, 9}}});
  json["label_set"]["labels"].push_back({{"id", 4}, {"name", "stroma"}, {"color", {0, 9, 0}}});
  json["section"] = {{"roles", {{"tumour", "tissue"}, {"quiet", "other"}, {"stroma", "stroma"}}},
                     {"mass_mm", 3},
                     {"prompts", {{"second", {{"tumour_share", 0.25}, {"masses", 2}}}}}};
  return json;
}

ModelBundle bundle_of(const ordered_json& json) { return ModelBundle::parse(json.dump(), "dir"); }

TEST(Section, IsReadWithDefaultsAndByPrompt) {
  const ModelBundle bundle = bundle_of(section_json());
  ASSERT_TRUE(bundle.section);
  const SectionSpec& section = *bundle.section;
  EXPECT_EQ(section.roles.tumour, 1);
  EXPECT_EQ(section.roles.quiet, 2);
  EXPECT_EQ(section.roles.stroma, LabelId{4});
  EXPECT_EQ(section.roles.necrosis, std::nullopt);
  EXPECT_EQ(section.roles.lymphoid, std::nullopt);
  EXPECT_EQ(section.traits_of("first").tumour_share, SectionTraits().tumour_share);
  EXPECT_EQ(section.traits_of("first").mass_mm, 3);
  EXPECT_EQ(section.traits_of("first").masses, std::nullopt);
  EXPECT_EQ(section.traits_of("second").tumour_share, 0.25);
  EXPECT_EQ(section.traits_of("second").mass_mm, 3);
  EXPECT_EQ(section.traits_of("second").masses, 2);
  EXPECT_FALSE(bundle_of(small_model_json()).section);
}

TEST(Section, RefusesEachDefectByItsKey) {
  struct Case {
    const char* at;
    ordered_json value;
    const char* message;
  };
  const Case cases[] = {
      {"/section", 3, "'section' must be a JSON object"},
      {"/section/roles/tumour", nullptr,
       "'section.roles.tumour' must be a text that is not empty, got null"},
      {"/section/roles/tumour", "tumor",
       "'section.roles.tumour' must be the name of a label of tissue, got \"tumor\""},
      {"/section/roles/quiet", "glass",
       "'section.roles.quiet' must be the name of a label of tissue, got \"glass\""},
      {"/section/roles/quiet", "unknown",
       "'section.roles.quiet' must be the name of a label of tissue, got \"unknown\""},
      {"/section/roles/stroma", "tissue",
       "'section.roles.stroma' must be a label that has no other role, got \"tissue\""},
      {"/section/tumour_share", 1.5,
       "'section.tumour_share' must be a number from 0 to 1, got 1.5"},
      {"/section/mass_mm", 0, "'section.mass_mm' must be a number from 0.1 to 100, got 0"},
      {"/section/masses", 101, "'section.masses' must be a whole number from 1 to 100, got 101"},
      {"/section/irregularity", "much",
       "'section.irregularity' must be a number from 0 to 1, got \"much\""},
      {"/section/infiltration", -1, "'section.infiltration' must be a number from 0 to 1, got -1"},
      {"/section/prompts/second/necrosis", 2,
       "'section.prompts.second.necrosis' must be a number from 0 to 1, got 2"},
      {"/section/prompts/second", 2, "'section.prompts.second' must be a JSON object"}};
  for (const Case& c : cases) {
    ordered_json json = section_json();
    json[ordered_json::json_pointer(c.at)] = c.value;
    EXPECT_EQ(message_of([&] { bundle_of(json); }), std::string("dir/model.json: ") + c.message);
  }
  ordered_json json = section_json();
  json["section"]["prompts"] = {{"third", {{"masses", 1}}}};
  EXPECT_EQ(
      message_of([&] { bundle_of(json); }),
      "dir/model.json: 'section.prompts' must be by prompts of the model, and 'third' is none, "
      "got {\"third\":{\"masses\":1}}");
}

}  // namespace
}  // namespace histoloom
