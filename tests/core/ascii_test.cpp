#include "histoloom/core/ascii.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

TEST(AsciiLower, LeavesAllButCapitalLetters) {
  EXPECT_EQ(ascii_lower(""), "");
  EXPECT_EQ(ascii_lower("AZaz09@[`{.SVS"), "azaz09@[`{.svs");
  EXPECT_EQ(ascii_lower("\xc3\x84\xff"), "\xc3\x84\xff");
}

TEST(EndingOf, IsInSmallLettersWithItsDot) {
  EXPECT_EQ(ending_of("/A.B/SLIDE.SVS"), ".svs");
  EXPECT_EQ(ending_of("a.OME.TIF"), ".tif");
  EXPECT_EQ(ending_of("a"), "");
  EXPECT_EQ(ending_of(".TIF"), "") << "a hidden file without an ending";
}

}  // namespace
}  // namespace histoloom
