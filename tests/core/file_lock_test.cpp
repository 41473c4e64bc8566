// Who may have a lock, and when it ends.
#include "histoloom/core/file_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

TEST(FileLock, IsHeldOnceAndEndsWithItsOwner) {
  const ScratchDirectory scratch;
  const auto file = scratch / "lock";
  std::optional<FileLock> first = FileLock::take(file);
  ASSERT_TRUE(first);
  EXPECT_FALSE(FileLock::take(file));
  EXPECT_TRUE(FileLock::take(scratch / "other"));
  std::optional<FileLock> moved(std::move(first));
  first.reset();
  EXPECT_FALSE(FileLock::take(file)) << "it has another owner now";
  moved.reset();
  EXPECT_TRUE(FileLock::take(file));
}

TEST(FileLock, EndsWithAProcessThatIsKilled) {
  const ScratchDirectory scratch;
  const auto file = scratch / "lock";
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = FileLock::take(file);
    if (lock) write_bytes(scratch / "taken", "");
    for (;;) pause();
  }
  int status = 0;
  while (!std::filesystem::exists(scratch / "taken")) {
    ASSERT_EQ(waitpid(child, &status, WNOHANG), 0) << "it ended without the lock";
    usleep(1000);
  }
  EXPECT_FALSE(FileLock::take(file));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::take(file));
}

TEST(FileLock, ThatCantBeMadeNamesThePath) {
  const ScratchDirectory scratch;
  const auto file = scratch / "none/lock";
  EXPECT_EQ(message_of([&] { FileLock::take(file); }),
            file.string() + ": can't be locked: No such file or directory");
}

}  // namespace
}  // namespace histoloom
