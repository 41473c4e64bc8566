#include "histoloom/core/writable.h"

#include <gtest/gtest.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

TEST(Writable, FilesBesideOthersAreAndNothingIsLeftBehind) {
  const ScratchDirectory scratch;
  require_writable(scratch / "a.json", "--report");
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(Writable, DirectoriesAndFilesInNoDirectoryAreNot) {
  const ScratchDirectory scratch;
  EXPECT_EQ(message_of([&] { require_writable(scratch.path(), "--report"); }),
            "--report " + scratch.path().string() + ": is a directory; give the name of a file");
  const std::filesystem::path missing = scratch / "no" / "a.json";
  EXPECT_EQ(message_of([&] { require_writable(missing, "-o"); }),
            "-o " + missing.string() + ": the directory '" + missing.parent_path().string() +
                "' does not exist; make it first");
}

TEST(Writable, NothingIsInADirectoryThatRefuses) {
  EXPECT_EQ(message_of([] { require_writable("/proc/a.json", "--report"); }),
            "--report /proc/a.json: the directory '/proc' can't be written to: No such file or "
            "directory");
}

}  // namespace
}  // namespace histoloom
