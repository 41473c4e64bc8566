// Who may have a lock, and when it ends.
#include "histoloom/core/file_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

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

TEST(FileLock, OfAFileThatItsOwnersRemoveIsHeldByOneAtATime) {
  const ScratchDirectory scratch;
  const auto file = scratch / "lock";
  std::atomic<int> inside = 0, most = 0, taken = 0;
  const auto take_and_remove = [&] {
    for (int i = 0; i < 5000; ++i) {
      const auto lock = FileLock::take(file);
      if (!lock) continue;
      most = std::max(most.load(), ++inside);
      ++taken;
      std::this_thread::yield();
      --inside;
      std::filesystem::remove(file);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back(take_and_remove);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_GT(taken, 2);
}

TEST(FileLock, ThatCantBeMadeNamesThePath) {
  const ScratchDirectory scratch;
  const auto file = scratch / "none/lock";
  EXPECT_EQ(message_of([&] { FileLock::take(file); }),
            file.string() + ": can't be locked: No such file or directory");
}

}  // namespace
}  // namespace histoloom
