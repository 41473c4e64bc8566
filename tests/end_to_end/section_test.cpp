// Sections of masses and quiet tissue, through the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

// A copy of the model whose sections have roles, and masses of half a millimetre.
std::filesystem::path sectioned_model(const Folder& folder) {
  const auto model = copy_model(folder);
  auto json = ordered_json::parse(bytes_of(model / "model.json"));
  json["section"] = {{"roles",
                      {{"tumour", "carcinoma"},
                       {"quiet", "other"},
                       {"stroma", "tumour stroma"},
                       {"necrosis", "necrosis"}}},
                     {"mass_mm", 0.5},
                     {"prompts", {{"squamous", {{"tumour_share", 0.25}}}}}};
  write_bytes(model / "model.json", json.dump(2));
  return model;
}

class Sectioned : public testing::Test {
 protected:
  // Options of the sectioned model.
  Arguments with_model(const Arguments& more) const {
    return plus({"--model", model_.string()}, more);
  }
  // The labels of a mask that is made with these options.
  std::string labels(const Arguments& more) const {
    const Outcome outcome =
        run(mask(folder_ / "m.tif", with_model(plus(kSlide, plus({"--force"}, more)))));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return bytes_of(folder_ / "m.tif");
  }

  const Arguments kSlide{"--size", "1000x760", "--seed", "4", "--layout", "full"};
  Folder folder_;
  std::filesystem::path model_ = sectioned_model(folder_);
};

TEST_F(Sectioned, MasksDifferByShareMassesAndPromptAndNotByThreads) {
  const std::string one = labels({});
  EXPECT_TRUE(labels({"--threads", "1"}) == one);
  EXPECT_TRUE(labels({"--tumour-share", "0.4"}) == one) << "the default";
  EXPECT_FALSE(labels({"--tumour-share", "0.1"}) == one);
  EXPECT_FALSE(labels({"--masses", "4"}) == one);
  EXPECT_FALSE(labels({"--prompt", "squamous"}) == one);
}

TEST_F(Sectioned, MasksReportWhatTheyHold) {
  const auto report = folder_ / "r.json";
  labels({"--prompt", "squamous", "--report", report.string()});
  EXPECT_EQ(json_in(report)["mask"]["section"]["tumour_share"], 0.25);
  EXPECT_EQ(json_in(report)["mask"]["section"]["masses"], 1);
  labels({"--tumour-share", "0", "--report", report.string()});
  EXPECT_EQ(json_in(report)["mask"]["section"]["masses"], 0);
  EXPECT_EQ(json_in(report)["mask"]["shares"]["carcinoma"], 0);
  labels({"--tumour-share", "0.5", "--masses", "3", "--report", report.string()});
  EXPECT_EQ(json_in(report)["mask"]["section"]["masses"], 3);
  EXPECT_GT(json_in(report)["mask"]["shares"]["carcinoma"], 0.05);
  EXPECT_LT(json_in(report)["mask"]["shares"]["carcinoma"], 0.6);
}

TEST_F(Sectioned, SlidesHaveTheLabelsOfTheirMaskAndSayWhatTheyHold) {
  const auto report = folder_ / "r.json", tif = folder_ / "s.tif";
  const std::string alone = labels({"--masses", "2"});
  const auto two_masses = [&](const Arguments& more) {
    return run(generate(folder_ / "s.svs",
                        with_model(plus(kSlide, plus({"--masses", "2", "--steps", "1"}, more)))));
  };
  EXPECT_THAT(two_masses({"--dry-run"}).out,
              HasSubstr("\nsection      0.4 of the tissue in 2 masses\n"));
  EXPECT_EQ(nlohmann::json::parse(two_masses({"--dry-run", "--json"}).out)["section"]["masses"], 2);
  const Outcome outcome = two_masses({"--mask-out", tif.string(), "--report", report.string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(bytes_of(tif) == alone);
  EXPECT_EQ(json_in(report)["slide"]["section"]["masses"], 2);
  EXPECT_EQ(json_in(folder_ / "s.svs.manifest.json")["job"]["masses"], 2);
}

TEST_F(Sectioned, JobsGoOnWithTheSameSectionAlone) {
  StoppedJob job(plus(kJob, {"--model", model_.string(), "--masses", "2"}));
  ASSERT_TRUE(job.kill_at_step(3));
  const Outcome other = run(
      generate(job.out(), plus(kJob, {"--model", model_.string(), "--masses", "3", "--resume"})));
  EXPECT_EQ(other.code, 2);
  EXPECT_EQ(other.err,
            "histoloom: " + job.work().string() +
                ": holds another job (masses is 3, was 2); give the "
                "options of that job, or start over with --force and without --resume\n");
  job.expect_resumes();
}

TEST_F(Sectioned, RefusesOptionsWithoutASectionToLayOut) {
  const std::string none =
      "--tumour-share and --masses need a model that has a 'section', and 'small' has none; leave "
      "them out";
  const std::string of_mask =
      "--tumour-share and --masses lay out labels that are painted; leave them out where --mask "
      "gives them";
  const std::string png = (folder_ / "m.png").string();
  write_mask(png, 8, 8, [](int, int) { return 1; });
  const auto expect_refusal = [&](const Arguments& command, const std::string& message) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err, "histoloom: " + message + "\n");
  };
  const auto svs = folder_ / "s.svs", tif = folder_ / "m.tif";
  expect_refusal(mask(tif, {"--tumour-share", "0.5"}), none);
  expect_refusal(generate(svs, {"--masses", "2"}), none);
  expect_refusal(mask(tif, with_model({"--mask", png, "--masses", "2"})), of_mask);
  expect_refusal(generate(svs, with_model({"--mask", png, "--tumour-share", "0.5"})), of_mask);
  expect_refusal(
      generate(svs, with_model({"--inpaint", "a.svs", "--region", "0,0,64,64", "--masses", "2"})),
      "--masses doesn't go with --inpaint, which keeps the slide");
  expect_refusal(mask(tif, with_model({"--masses", "0"})), "--masses must be from 1 to 100, got 0");
  EXPECT_FALSE(std::filesystem::exists(svs) || std::filesystem::exists(tif));
}

TEST(DefaultModel, ShowsTumourAndWhatLiesAroundItOnASmallSlideToo) {
  const Folder folder;
  for (const auto& [prompt, share] : {std::pair{"adenocarcinoma", 0.45}, {"squamous", 0.5}}) {
    SCOPED_TRACE(prompt);
    const auto report = folder / "r.json";
    const Outcome outcome = run(by_default_model(
        mask(folder / "m.tif", {"--size", "1000x800", "--layout", "full", "--prompt", prompt,
                                "--force", "--report", report.string()})));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto of_mask = json_in(report)["mask"];
    EXPECT_EQ(of_mask["section"]["tumour_share"], share);
    EXPECT_EQ(of_mask["section"]["masses"], 1);
    EXPECT_GT(of_mask["shares"]["carcinoma"], 0.05);
    EXPECT_LT(of_mask["shares"]["carcinoma"], 0.6);
  }
}

}  // namespace
}  // namespace histoloom::test
