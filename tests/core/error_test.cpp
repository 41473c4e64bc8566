#include "histoloom/core/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace histoloom {
namespace {

using testing::HasSubstr;

TEST(Error, ContextGoesBeforeAUsersError) {
  try {
    with_context("writing level 3 of out.tif", [] { throw UserError("No space left"); });
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "writing level 3 of out.tif: No space left");
  }
}

TEST(Error, ContextPassesResultsAndOtherErrorsOn) {
  EXPECT_EQ(with_context("counting", [] { return 3; }), 3);
  EXPECT_THROW(with_context("counting", [] { throw Interrupted("stopped"); }), Interrupted);
}

TEST(Error, AFailedCheckNamesItsPlace) {
  EXPECT_NO_THROW(check_internal(true, "fine"));
  try {
    check_internal(false, "two is not three");
    FAIL();
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("two is not three ("));
    EXPECT_THAT(error.what(), HasSubstr("error_test.cpp:"));
  }
}

TEST(Error, ErrnoHasItsText) { EXPECT_EQ(errno_text(ENOSPC), "No space left on device"); }

}  // namespace
}  // namespace histoloom
