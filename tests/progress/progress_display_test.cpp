// Progress on a screen and by a clock that the test has in its hands.
#include "progress_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace histoloom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct FakeScreen {
  double now = 0;
  int columns = 100;
  std::string text;

  ProgressScreen screen() {
    return {.write = [this](std::string_view more) { text += more; },
            .seconds = [this] { return now; },
            .columns = [this] { return columns; }};
  }
  std::ptrdiff_t count(char c) const { return std::count(text.begin(), text.end(), c); }
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  // What stands on each line of a terminal once all is written.
  std::vector<std::string> left_behind() const {
    std::vector<std::string> out;
    for (const std::string& line : lines()) {
      const std::string last = line.substr(line.rfind('\r') + 1);
      out.push_back(last.substr(0, last.find("\033[K")));
    }
    return out;
  }
  std::vector<nlohmann::json> objects() const {
    std::vector<nlohmann::json> out;
    for (const std::string& line : lines()) out.push_back(nlohmann::json::parse(line));
    return out;
  }
};

std::vector<ExpectedStage> stages_of_slide() {
  return {{.name = "painting labels", .cost = 1},
          {.name = "painting latents", .cost = 7},
          {.name = "decoding and writing", .cost = 2}};
}

// A job of ten seconds that tells of every hundredth of a second.
void run_slide(FakeScreen& screen, Progress& progress) {
  progress.expect(stages_of_slide);
  for (const auto& [stage, seconds] :
       {std::pair{"painting labels", 1}, {"painting latents", 7}, {"decoding and writing", 2}}) {
    const double began = screen.now;
    progress.start_stage(stage, 100 * seconds, "units");
    for (int i = 0; i <= 100 * seconds; ++i) {
      screen.now = began + i / 100.0;
      progress.update(i, {});
    }
    progress.finish();
  }
}

TEST(ProgressBar, IsRewrittenAtMostTwiceASecond) {
  FakeScreen screen;
  {
    ProgressDisplay progress(ProgressForm::bar, /*verbose=*/false, screen.screen());
    run_slide(screen, progress);
  }
  // Three stages start and end.
  EXPECT_LE(screen.count('\r'), 20 + 6);
  EXPECT_GE(screen.count('\r'), 15);
}

TEST(ProgressBar, LeavesALineAStageAndEndsAtAHundredPerCent) {
  FakeScreen screen;
  {
    ProgressDisplay progress(ProgressForm::bar, false, screen.screen());
    run_slide(screen, progress);
  }
  EXPECT_THAT(
      screen.left_behind(),
      ElementsAre(
          "painting labels        [==                      ]  10 %  100/100 units  100/s  in 1 s",
          "painting latents       [===================     ]  80 %  700/700 units  100/s  in 7 s",
          "decoding and writing   [========================] 100 %  200/200 units  100/s  in 2 s"));
}

TEST(ProgressBar, TellsOneTimeForAllStages) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::bar, false, screen.screen());
  run_slide(screen, progress);
  // Two seconds into the second stage, and half a second into the third.
  EXPECT_THAT(screen.text, HasSubstr("  7 s left"));
  EXPECT_THAT(screen.text, HasSubstr("  2 s left"));
  EXPECT_THAT(screen.text, Not(HasSubstr("  10 s left"))) << "nothing was measured by then";
}

TEST(ProgressBar, AsksForTheWidthWheneverItIsRewritten) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::bar, false, screen.screen());
  progress.start_stage("painting latents", 100, "cells");
  screen.columns = 30;
  for (int i = 0; i < 50; ++i) {
    screen.now += 0.5;
    screen.text.clear();
    progress.update(i, "step 1/2");
    ASSERT_THAT(screen.text, testing::StartsWith("\r"));
    ASSERT_LT(columns_of(screen.text.substr(1, screen.text.size() - 4)), 30) << screen.text;
  }
}

TEST(ProgressBar, MakesRoomForAWarning) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::bar, false, screen.screen());
  progress.start_stage("painting latents", 100, "cells");
  screen.text.clear();
  progress.warn("the disk is slow");
  EXPECT_EQ(screen.text, "\r\033[Khistoloom: warning: the disk is slow\n");
}

TEST(ProgressBar, OfAJobThatFailsEndsItsLine) {
  FakeScreen screen;
  {
    ProgressDisplay progress(ProgressForm::bar, false, screen.screen());
    progress.start_stage("painting latents", 100, "cells");
  }
  EXPECT_THAT(screen.text, testing::EndsWith("\n"));
}

TEST(ProgressLines, ComeEveryTenSecondsAndAtTheEnd) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::lines, false, screen.screen());
  progress.start_stage("writing", 2500, "rows");
  EXPECT_EQ(screen.text, "");
  for (int i = 0; i <= 25; ++i) {
    screen.now = i;
    progress.update(100 * i, {});
  }
  progress.finish();
  EXPECT_THAT(screen.lines(),
              ElementsAre("writing                 40 %  1000/2500 rows  100/s  15 s left",
                          "writing                 80 %  2000/2500 rows  100/s  5 s left",
                          "writing                100 %  2500/2500 rows  100/s  in 25 s"));
}

TEST(ProgressLines, OfAStageThatAnEarlierRunDidAreAtAHundredPerCent) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::lines, false, screen.screen());
  progress.start_stage("painting labels", 5, "cells");
  progress.finish();
  EXPECT_EQ(screen.text, "painting labels        100 %  5/5 cells  in 0 s\n");
}

TEST(ProgressLines, CountTheSpeedOfThisRunAlone) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::lines, false, screen.screen());
  progress.start_stage("painting latents", 1000, "cells");
  progress.update(500, {});
  screen.now = 10;
  progress.update(600, {});
  EXPECT_EQ(screen.text, "painting latents        60 %  600/1000 cells  10.0/s  40 s left\n");
}

TEST(ProgressLines, OfAStageThatEndsEarlySayWhatWasDone) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::lines, false, screen.screen());
  progress.expect([] {
    return std::vector<ExpectedStage>{{.name = "training mask", .cost = 1, .ends_early = true}};
  });
  progress.start_stage("training mask", 1000, "steps");
  progress.update(400, "loss 0.31");
  progress.finish();
  EXPECT_EQ(screen.text, "training mask           40 %  400/1000 steps  loss 0.31  in 0 s\n");
}

TEST(JsonProgress, IsAnObjectALineAtMostTwiceASecond) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::json, false, screen.screen());
  run_slide(screen, progress);
  const auto objects = screen.objects();
  EXPECT_LE(objects.size(), 20u + 6);
  std::vector<std::string> starts;
  double share = 0;
  for (const auto& object : objects) {
    if (object["event"] == "start") starts.push_back(object["stage"].get<std::string>());
    if (object["event"] == "end") {
      EXPECT_EQ(object["done"], object["total"]);
    }
    EXPECT_GE(object["share"].get<double>(), share);
    share = object["share"].get<double>();
  }
  EXPECT_THAT(starts, ElementsAre("painting labels", "painting latents", "decoding and writing"));
  EXPECT_EQ(objects.front()["event"], "start");
  EXPECT_TRUE(objects.front()["seconds_left"].is_null());
  EXPECT_EQ(objects.back()["event"], "end");
  EXPECT_EQ(objects.back()["share"], 1);
  EXPECT_EQ(objects.back()["seconds_left"], 0);
  EXPECT_EQ(objects.back()["seconds"], 10);
}

TEST(JsonProgress, TellsAtOnceWhatAnEarlierRunDid) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::json, false, screen.screen());
  progress.start_stage("painting latents", 1000, "cells");
  progress.update(500, {});
  progress.update(510, {});
  ASSERT_EQ(screen.lines().size(), 2u);
  EXPECT_EQ(screen.objects()[1]["done"], 500);
  EXPECT_EQ(screen.objects()[1]["share"], 0.5);
}

TEST(JsonProgress, HasWarningsAndTheLogAsObjects) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::json, /*verbose=*/true, screen.screen());
  progress.warn("two\nlines");
  progress.log("a figure");
  const auto objects = screen.objects();
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0]["event"], "warning");
  EXPECT_EQ(objects[0]["message"], "two\nlines");
  EXPECT_EQ(objects[1]["event"], "log");
}

TEST(NoProgress, SaysNothingButWarningsAndAsksForNoStages) {
  FakeScreen screen;
  ProgressDisplay progress(ProgressForm::none, false, screen.screen());
  progress.expect([]() -> std::vector<ExpectedStage> { throw std::runtime_error("asked for"); });
  progress.start_stage("painting latents", 100, "cells");
  screen.now = 100;
  progress.update(50, {});
  progress.warn("the disk is slow");
  progress.finish();
  EXPECT_EQ(screen.text, "histoloom: warning: the disk is slow\n");
}

}  // namespace
}  // namespace histoloom
