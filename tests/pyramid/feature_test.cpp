// What a profile says it supports is what a file shows of it: each option of a feature is set on a
// small picture, and either refused, or it changes the file, or it changes no byte.
#include "histoloom/pyramid/feature.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "support.h"

namespace histoloom::pyramid::test {
namespace {

constexpr Profile kProfiles[] = {Profile::generic, Profile::svs, Profile::ome};

WriterOptions base(Profile profile, int channels) {
  WriterOptions options = options_for(blank(80, 60, channels, 3));
  options.profile = profile;
  options.compression = Compression::lzw;
  options.tile = 32;
  return options;
}

std::vector<std::uint8_t> written(const WriterOptions& options) {
  // Two classes side by side, so that it matters how levels are reduced.
  Picture picture = blank(options.size.width, options.size.height, options.channels, 3);
  for (std::size_t i = 0; i < picture.pixels.size(); i += 3) picture.pixels[i] = 200;
  return write_to_memory(picture, options).bytes;
}

struct Trial {
  Feature feature;
  const char* name;
  std::vector<bool> supported;  // by generic, svs, ome
  int channels;                 // of the picture without the feature
  std::function<void(WriterOptions&)> ask;
};

void labels(WriterOptions& options) {
  options.channels = 1;
  options.reduction = Reduction::mode;
}

const Trial kTrials[] = {
    {Feature::mpp, "mpp", {true, true, true}, 3, [](auto& o) { o.mpp = 0.5; }},
    {Feature::magnification,
     "magnification",
     {false, true, true},
     3,
     [](auto& o) { o.objective_power = 20; }},
    {Feature::title, "title", {false, true, true}, 3, [](auto& o) { o.title = "another"; }},
    {Feature::description,
     "description",
     {true, true, true},
     3,
     [](auto& o) { o.description = "a text"; }},
    {Feature::date, "date", {true, true, true}, 3, [](auto& o) { o.date = "2026-11-20"; }},
    {Feature::icc_profile,
     "icc_profile",
     {true, true, true},
     3,
     [](auto& o) { o.icc_profile.assign(128, 7); }},
    {Feature::digital_source_type,
     "digital_source_type",
     {true, true, true},
     3,
     [](auto& o) { o.digital_source_type = "algorithmicMedia"; }},
    {Feature::associated_images,
     "associated_images",
     {false, true, true},
     3,
     [](auto& o) {
       o.associated = {{"macro", {2, 1}, {1, 2, 3, 4, 5, 6}}};
     }},
    {Feature::other_associated_images,
     "other_associated_images",
     {false, false, true},
     3,
     [](auto& o) {
       o.associated = {{"overview", {2, 1}, {1, 2, 3, 4, 5, 6}}};
     }},
    {Feature::one_channel, "one_channel", {true, false, true}, 3, [](auto& o) { o.channels = 1; }},
    {Feature::label_images, "label_images", {true, false, true}, 3, labels},
    {Feature::class_names,
     "class_names",
     {true, false, false},
     1,
     [](auto& o) {
       labels(o);
       o.classes = {{3, "tumour", {255, 0, 0}}};
     }},
    {Feature::palette,
     "palette",
     {true, false, false},
     1,
     [](auto& o) {
       labels(o);
       o.classes = {{3, "tumour", {255, 0, 0}}};
       o.palette = true;
     }},
    {Feature::big_tiff,
     "big_tiff",
     {true, true, true},
     3,
     [](auto& o) { o.container = Container::big; }},
};

// Whether the file shows it. Only what is a matter of the profile may be refused.
bool shows(const Trial& trial, Profile profile) {
  WriterOptions options = base(profile, trial.channels);
  WriterOptions without = options;
  trial.ask(options);
  // Classes are more than the labels that they name.
  if (options.reduction == Reduction::mode && trial.channels == 1) labels(without);
  std::vector<std::uint8_t> with;
  const ErrorCode code = code_of([&] { with = written(options); });
  if (with.empty()) {
    EXPECT_EQ(code, ErrorCode::unsupported);
    return false;
  }
  return with != written(without);
}

TEST(Feature, IsSupportedWhereAFileShowsIt) {
  for (const Trial& trial : kTrials) {
    for (std::size_t i = 0; i < std::size(kProfiles); ++i) {
      SCOPED_TRACE(testing::Message() << trial.name << " in " << name_of(kProfiles[i]));
      EXPECT_EQ(supports(kProfiles[i], trial.feature), trial.supported[i]);
      EXPECT_EQ(shows(trial, kProfiles[i]), trial.supported[i]);
    }
  }
}

// Nothing to be seen in generic, which has no associated images anyway.
TEST(Feature, ToHaveNoAssociatedImagesIsOneToo) {
  for (const Profile profile : kProfiles) {
    WriterOptions options = base(profile, 3);
    options.associated_images = kNoAssociated;
    const ErrorCode expected = supports(profile, Feature::no_associated_images)
                                   ? ErrorCode::unspecified
                                   : ErrorCode::unsupported;
    EXPECT_EQ(code_of([&] { validate(options); }), expected) << name_of(profile);
  }
  EXPECT_TRUE(supports(Profile::generic, Feature::no_associated_images));
  EXPECT_FALSE(supports(Profile::svs, Feature::no_associated_images));
  EXPECT_TRUE(supports(Profile::ome, Feature::no_associated_images));
}

TEST(Feature, TheTableTriesAllOfThem) {
  // The one beside the table is the test above.
  EXPECT_EQ(std::size(kTrials) + 1, static_cast<std::size_t>(Feature::big_tiff) + 1);
}

}  // namespace
}  // namespace histoloom::pyramid::test
