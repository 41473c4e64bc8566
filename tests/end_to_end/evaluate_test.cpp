// histoloom evaluate, as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support.h"

namespace histoloom::test {
namespace {

using testing::HasSubstr;

// Writes stripes with some grain as an RGB PNG of 160 × 96 px.
void write_stripes(const std::filesystem::path& path, unsigned seed) {
  ASSERT_EQ(VIPS_INIT("end_to_end_test"), 0);
  std::vector<std::uint8_t> bytes;
  for (unsigned i = 0; i < 160 * 96 * 3; ++i) {
    seed = seed * 1664525u + 1013904223u;
    bytes.push_back(static_cast<std::uint8_t>(90 + i / 3 % 160 / 8 % 2 * 40 + (seed >> 26)));
  }
  VipsImage* image =
      vips_image_new_from_memory(bytes.data(), bytes.size(), 160, 96, 3, VIPS_FORMAT_UCHAR);
  EXPECT_EQ(vips_pngsave(image, path.c_str(), nullptr), 0) << vips_error_buffer();
  g_object_unref(image);
}

// A folder with `count` pictures.
std::string write_pictures(const Folder& folder, const std::string& name, unsigned count) {
  std::filesystem::create_directories(folder / name);
  for (unsigned i = 0; i < count; ++i)
    write_stripes(folder / name / (std::to_string(i) + ".png"), i * 77 + count);
  return (folder / name).string();
}

class EvaluateRun : public testing::Test {
 protected:
  // A quick evaluation of a few pictures.
  Outcome evaluate(const Arguments& more) const {
    Arguments all{"evaluate", "--real",       real_, "--synthetic",  synthetic_, "--patch",
                  "32",       "--directions", "4",   "--replicates", "10"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }

  Folder folder_;
  std::string real_ = write_pictures(folder_, "real", 4);
  std::string synthetic_ = write_pictures(folder_, "synthetic", 3);
};

TEST(EvaluateTool, PrintsATableAndWritesAReport) {
  const Folder folder;
  const std::string report = (folder / "report.json").string();
  const Outcome outcome =
      run({"evaluate", "--real", write_pictures(folder, "real", 4), "--synthetic",
           write_pictures(folder, "synthetic", 3), "--patch", "32", "--directions", "8",
           "--replicates", "10", "--seams", "32,48+8", "--report", report, "--quiet"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("measure "));
  EXPECT_THAT(outcome.out, HasSubstr("sliced_wasserstein 32 px "));
  EXPECT_THAT(outcome.out, HasSubstr("seam_z 48+8 px "));
  const auto json = nlohmann::json::parse(bytes_of(report));
  EXPECT_EQ(json.at("real").at("images"), 4);
  EXPECT_EQ(json.at("patches"), 30);
  EXPECT_EQ(json.at("measures").at(0).at("measure"), "sliced_wasserstein");
  EXPECT_GE(json.at("measures").at(0).at("synthetic").at("value"), 0.0);
}

TEST(EvaluateTool, TheSameSeedGivesTheSameReport) {
  const Folder folder;
  const std::string real = write_pictures(folder, "real", 4);
  const auto table = [&](const char* seed) {
    return run({"evaluate", "--real", real, "--synthetic", real, "--patch", "32", "--directions",
                "4", "--replicates", "10", "--seed", seed, "--quiet"})
        .out;
  };
  EXPECT_EQ(table("3"), table("3"));
  EXPECT_NE(table("3"), table("4"));
}

TEST_F(EvaluateRun, GivesTheSameReportOnAnyNumberOfThreads) {
  const Outcome one = evaluate({"--threads", "1", "--quiet"}),
                three = evaluate({"--threads", "3", "--quiet"});
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(one.out, three.out);
  EXPECT_EQ(evaluate({"--threads", "0x"}).code, 2);
  EXPECT_EQ(evaluate({"--threads", "1025"}).err,
            "histoloom: --threads must be from 1 to 1024, got 1025\n");
}

TEST_F(EvaluateRun, TellsItsStagesAsJson) {
  const Outcome outcome = evaluate({"--progress", "json"});
  EXPECT_EQ(outcome.code, 0);
  std::vector<std::string> ended;
  std::istringstream lines(outcome.err);
  nlohmann::json object;
  for (std::string line; std::getline(lines, line);) {
    object = nlohmann::json::parse(line);
    if (object.value("event", "") == "end") ended.push_back(object.value("stage", ""));
  }
  EXPECT_THAT(ended, testing::ElementsAre("reading masks and patches", "measuring"));
  EXPECT_EQ(object.value("share", 0.0), 1);
}

// What generate writes beside a slide is no tissue.
TEST(EvaluateTool, TakesTheSlidesOfAFolderThatGenerateHasWritten) {
  const Folder folder;
  const std::filesystem::path demo = folder / "demo";
  std::filesystem::create_directories(demo);
  const Outcome painted =
      run(generate(demo / "slide.svs",
                   {"--size", "320x256", "--layout", "full", "--steps", "1", "--mask-out",
                    (demo / "labels.tif").string(), "--thumbnail", (demo / "slide.png").string()}));
  ASSERT_EQ(painted.code, 0) << painted.err;
  const std::string real = write_pictures(folder, "real", 4), report = (folder / "r.json").string();
  const auto evaluated = [&](const std::string& to) {
    return run({"evaluate", "--real", real, "--synthetic", demo.string(), "--patch", "32",
                "--directions", "4", "--replicates", "10", "--report", to, "--quiet"});
  };
  const Outcome outcome = evaluated(report);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("--synthetic: " + (demo / "labels.tif").string() +
                                     ": not taken, since label masks have one band"));
  EXPECT_THAT(outcome.err,
              HasSubstr("--synthetic: " + (demo / "slide.png").string() +
                        ": not taken, since plain pictures beside slides are thumbnails; name "
                        "those that are none"));
  EXPECT_EQ(nlohmann::json::parse(bytes_of(report)).at("synthetic").at("images"), 1);
  // Nor may the report take the place of any of them.
  for (const char* name : {"slide.svs", "slide.png", "labels.tif"}) {
    const std::string file = (demo / name).string(), before = bytes_of(file);
    const Outcome refused = evaluated(file);
    EXPECT_EQ(refused.code, 2);
    EXPECT_EQ(refused.err,
              "histoloom: --report " + file + ": is a file of --synthetic; give another name\n");
    EXPECT_EQ(bytes_of(file), before);
  }
}

TEST(EvaluateTool, SlidesOfAnotherScaleAreRefused) {
  const Folder folder;
  const std::string picture = write_pictures(folder, "pictures", 1) + "/0.png",
                    fine = (folder / "fine.svs").string(),
                    coarse = (folder / "coarse.svs").string();
  for (const auto& [slide, mpp] : {std::pair(fine, "0.25"), std::pair(coarse, "0.5")})
    ASSERT_EQ(run({"pyramid", picture, "-o", slide, "--mpp", mpp, "--quiet"}).code, 0);
  const Outcome outcome = run({"evaluate", "--real", fine, "--synthetic", coarse, "--patch", "32"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "histoloom: " + coarse + " has 0.5 microns a pixel, " + fine +
                             " has 0.25; nothing is resized here, so give images of one scale, or "
                             "shrink the finer ones to it first\n");
}

TEST(EvaluateTool, WhatCantBeUsedIsRefusedBeforeTheWork) {
  const Folder folder;
  const std::string real = write_pictures(folder, "real", 2);
  const auto refusal = [&](Arguments arguments) {
    arguments.insert(arguments.begin(), {"evaluate", "--real", real, "--synthetic", real});
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  const std::string nowhere = (folder / "nowhere").string();
  EXPECT_EQ(refusal({"--report", nowhere + "/r.json"}), "histoloom: --report " + nowhere +
                                                            "/r.json: the directory '" + nowhere +
                                                            "' does not exist; make it first\n");
  EXPECT_EQ(refusal({"--report", real}),
            "histoloom: --report " + real + ": is a directory; give the name of a file\n");
  EXPECT_EQ(refusal({"--seams", "800"}),
            "histoloom: --synthetic: no picture is large enough for --seams 800+0, a boundary with "
            "8 px on either side; give larger ones or another grid\n");
  EXPECT_EQ(
      refusal({"--held-out", nowhere}),
      "histoloom: " + nowhere + " can't be opened: No such file or directory; check the path\n");
  EXPECT_EQ(refusal({"--features", nowhere}).substr(0, 11 + nowhere.size()),
            "histoloom: " + nowhere);
  EXPECT_EQ(refusal({"--seams", "x"}),
            "histoloom: --seams must be a period in pixels, or period+phase such as 192+64; got "
            "'x'\n");
}

}  // namespace
}  // namespace histoloom::test
