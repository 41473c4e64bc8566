#include "histoloom/core/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <utility>

#include "histoloom/core/disk_full.h"

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

TEST(Error, ContextKeepsTheCode) {
  try {
    with_context("writing out.tif", [] { throw UserError("gone", ErrorCode::not_found); });
    FAIL();
  } catch (const UserError& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

TEST(Error, HasNoCodeUnlessOneIsGiven) {
  EXPECT_EQ(UserError("text").code(), ErrorCode::unspecified);
  EXPECT_EQ(DiskFull("text").code(), ErrorCode::disk_full);
}

TEST(Error, CodesOfErrnoValues) {
  const std::pair<int, ErrorCode> codes[] = {
      {ENOENT, ErrorCode::not_found},        {ENOTDIR, ErrorCode::not_found},
      {EISDIR, ErrorCode::not_a_file},       {EACCES, ErrorCode::permission_denied},
      {EPERM, ErrorCode::permission_denied}, {EROFS, ErrorCode::permission_denied},
      {ENOSPC, ErrorCode::disk_full},        {EDQUOT, ErrorCode::disk_full},
      {EFBIG, ErrorCode::disk_full},         {EIO, ErrorCode::io_error},
      {ENAMETOOLONG, ErrorCode::io_error},
  };
  for (const auto& [value, code] : codes)
    EXPECT_EQ(error_code_of(value), code) << errno_text(value);
}

TEST(Error, EveryCodeHasAName) {
  EXPECT_EQ(name_of(ErrorCode::unspecified), "unspecified");
  EXPECT_EQ(name_of(ErrorCode::io_error), "io_error");
  std::set<std::string_view> names;
  const int last = static_cast<int>(ErrorCode::io_error);
  for (int i = 0; i <= last; ++i) names.insert(name_of(static_cast<ErrorCode>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
}

TEST(Error, OfALibraryIsOneLine) {
  EXPECT_EQ(one_line("Improper factors 2,2\nApparently\tshould be 1,1.\r\n"),
            "Improper factors 2,2 Apparently should be 1,1.");
  EXPECT_EQ(one_line("\n \n"), "");
  EXPECT_EQ(one_line("\xc3\xa4\x7f."), "\xc3\xa4 .");
}

TEST(Error, ErrnoHasItsText) { EXPECT_EQ(errno_text(ENOSPC), "No space left on device"); }

}  // namespace
}  // namespace histoloom
