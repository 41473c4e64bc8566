#include "histoloom/core/writable.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

#include "support/scratch.h"

namespace histoloom {
namespace {

TEST(Writable, FilesBesideOthersAreAndNothingIsLeftBehind) {
  const ScratchDirectory scratch;
  require_writable(scratch / "a.json", "--report");
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

// A name that is there for a moment outlives a program that is killed in it.
TEST(Writable, IsLearntWithoutGivingAFileAName) {
  const ScratchDirectory scratch;
  const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  ASSERT_GE(watch, 0);
  ASSERT_GE(inotify_add_watch(watch, scratch.path().c_str(), IN_CREATE), 0);
  require_writable(scratch / "a.json", "--report");
  char event[1024];
  EXPECT_EQ(read(watch, event, sizeof event), -1) << "a file was made";
  EXPECT_EQ(errno, EAGAIN);
  close(watch);
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
