// What a line of progress says, and how it fits a terminal.
#include "progress_line.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

ProgressState latents_under_way() {
  ProgressState state;
  state.stage = "painting latents";
  state.unit = "cells";
  state.detail = "step 4/10";
  state.done = 12000;
  state.total = 30000;
  state.rate = 812;
  state.share = 0.42;
  state.left = 250;
  return state;
}

TEST(TerminalLine, LeavesOutWhatThereIsNoRoomFor) {
  const ProgressState state = latents_under_way();
  EXPECT_EQ(terminal_line(state, 120),
            "painting latents       [==========              ]  42 %  12000/30000 cells  812/s  "
            "step 4/10  4:10 min left");
  EXPECT_EQ(terminal_line(state, 80),
            "painting latents       [=====       ]  42 %  step 4/10  4:10 min left");
  EXPECT_EQ(terminal_line(state, 60), "painting latents  42 %  step 4/10  4:10 min left");
  EXPECT_EQ(terminal_line(state, 40), "painting latents  42 %  4:10 min left");
  EXPECT_EQ(terminal_line(state, 20), "painting latents  4");
  EXPECT_EQ(terminal_line(state, 1), "");
  EXPECT_EQ(terminal_line(state, 0), "");
}

TEST(TerminalLine, IsNeverAsWideAsTheTerminal) {
  ProgressState state = latents_under_way();
  for (const char* detail : {"", "step 4/10", "9 read from /home/ä/ö/ü/日本語/latents",
                             "loss 0.3141, held out 0.2718"}) {
    state.detail = detail;
    for (const bool ended : {false, true}) {
      state.ended = ended;
      for (int columns = 1; columns <= 200; ++columns)
        ASSERT_LT(columns_of(terminal_line(state, columns)), columns) << detail;
    }
  }
}

TEST(TerminalLine, SaysTheTimeThatAnEndedStageTook) {
  ProgressState state = latents_under_way();
  state.done = state.total;
  state.ended = true;
  state.seconds = 3700;
  state.share = 1;
  EXPECT_EQ(terminal_line(state, 60), "painting latents 100 %  step 4/10  in 1:01 h");
}

TEST(TerminalLine, SaysAHundredPerCentOnlyIfAllIsDone) {
  ProgressState state = latents_under_way();
  state.share = 0.9999;
  EXPECT_EQ(terminal_line(state, 40), "painting latents  99 %  4:10 min left");
  state.share = 0.29;
  EXPECT_EQ(terminal_line(state, 40), "painting latents  29 %  4:10 min left");
}

TEST(LogLine, HasThePercentageOfItsStage) {
  EXPECT_EQ(log_line(latents_under_way()),
            "painting latents        40 %  12000/30000 cells  812/s  step 4/10  4:10 min left");
}

TEST(JsonLine, HasTheDocumentedKeys) {
  ProgressState state = latents_under_way();
  EXPECT_EQ(json_line("progress", state, 12.34567),
            R"({"event":"progress","stage":"painting latents","done":12000,"total":30000,)"
            R"("unit":"cells","share":0.42,"seconds":12.346,"seconds_left":250.0,)"
            R"("detail":"step 4/10"})");
  state.left.reset();
  state.detail.clear();
  EXPECT_EQ(json_line("start", state, 0),
            R"({"event":"start","stage":"painting latents","done":12000,"total":30000,)"
            R"("unit":"cells","share":0.42,"seconds":0.0,"seconds_left":null})");
  EXPECT_EQ(json_message("warning", "a \"b\" \xff", 1),
            "{\"event\":\"warning\",\"message\":\"a \\\"b\\\" \uFFFD\",\"seconds\":1.0}");
}

TEST(ColumnsOf, CountsCharactersAndNotBytes) {
  EXPECT_EQ(columns_of(""), 0);
  EXPECT_EQ(columns_of("abc"), 3);
  EXPECT_EQ(columns_of("äöü"), 3);
  EXPECT_EQ(columns_of("日本"), 4);
  EXPECT_EQ(columns_of("\xff\x80"), 2) << "cut short: as wide as it may have been";
  EXPECT_EQ(columns_of("\x80"), 1);
}

TEST(WithoutControls, HasNoControlCharacters) {
  EXPECT_EQ(without_controls("a\nb\x1b[2Jc\x7f ä"), "a?b?[2Jc? ä");
}

}  // namespace
}  // namespace histoloom
