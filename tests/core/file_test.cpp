// Files as a whole: what is there, what takes the place of what, and what a failure leaves.
#include "histoloom/core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "histoloom/core/disk_full.h"
#include "histoloom/core/sync.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

using testing::ElementsAre;

TEST(FileReplacement, LeavesTheOldFileUntilTheNewOneIsCommitted) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "state", "old");
  {
    FileReplacement given_up(scratch / "state");
    given_up.write("half of the");
    EXPECT_EQ(read_file(scratch / "state"), "old");
  }
  EXPECT_EQ(read_file(scratch / "state"), "old");
  EXPECT_THAT(scratch.files(), ElementsAre("state"));

  FileReplacement file(scratch / "state");
  file.write("ne");
  file.write("");
  file.write("w");
  file.commit();
  EXPECT_EQ(read_file(scratch / "state"), "new");
  EXPECT_THAT(scratch.files(), ElementsAre("state"));
}

TEST(FileReplacement, OverwritesWhatAKilledOneLeft) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "state.tmp", "a long half of a file");
  replace_file(scratch / "state", "new");
  EXPECT_EQ(read_file(scratch / "state"), "new");
  EXPECT_THAT(scratch.files(), ElementsAre("state"));
}

TEST(FileReplacement, ErrorsNameThePathAndTheCause) {
  const ScratchDirectory scratch;
  const std::string missing = (scratch / "missing" / "state").string();
  EXPECT_EQ(message_of([&] { replace_file(missing, "new"); }),
            missing + ": can't be written: No such file or directory");
  std::filesystem::create_directories(scratch / "state" / "in the way");
  EXPECT_EQ(message_of([&] { replace_file(scratch / "state", "new"); }),
            (scratch / "state").string() + ": can't be written: Is a directory");
  EXPECT_THAT(scratch.files(), ElementsAre("state"));
}

TEST(FileReplacement, OnAFullDiskSaysSoAndKeepsTheOldFile) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "state", "old");
  // Nothing can be written to it: the disk is full.
  std::filesystem::create_symlink("/dev/full", scratch / "state.tmp");
  EXPECT_EQ(message_of<DiskFull>([&] { replace_file(scratch / "state", "new"); }),
            (scratch / "state").string() + ": can't be written: No space left on device");
  EXPECT_EQ(read_file(scratch / "state"), "old");
  EXPECT_THAT(scratch.files(), ElementsAre("state"));
}

TEST(SyncParentDirectory, SyncsTheDirectoryThatHoldsThePath) {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "inside");
  const auto synced = [](const std::filesystem::path& path) {
    std::string name;
    sync_parent_directory(path, [&](int fd) {
      name = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).string();
      errno = EINVAL;  // some file systems refuse it, which is no error
      return -1;
    });
    return name;
  };
  EXPECT_EQ(synced(scratch / "file"), scratch.path().string());
  EXPECT_EQ(synced(scratch / "inside/"), scratch.path().string());
  EXPECT_EQ(synced("file"), std::filesystem::current_path().string());
  EXPECT_EQ(synced("/missing/file"), "");
}

TEST(FileExists, SeesFilesDirectoriesAndDanglingLinksAndThrowsWhereItCantTell) {
  const ScratchDirectory scratch;
  EXPECT_FALSE(file_exists(scratch / "file"));
  write_bytes(scratch / "file", "");
  EXPECT_TRUE(file_exists(scratch / "file"));
  EXPECT_TRUE(file_exists(scratch.path()));
  std::filesystem::create_symlink("nowhere", scratch / "link");
  EXPECT_TRUE(file_exists(scratch / "link"));
  const std::string long_name(300, 'x');
  EXPECT_EQ(message_of([&] { file_exists(scratch / long_name); }),
            (scratch / long_name).string() + ": can't be looked at: File name too long");
}

TEST(MeantBy, IsTheSameForAllNamesOfAFile) {
  const ScratchDirectory scratch;
  const std::filesystem::path folder = std::filesystem::canonical(scratch.path());
  write_bytes(folder / "file", "");
  std::filesystem::create_symlink("file", folder / "link");
  EXPECT_EQ(meant_by(folder / "link"), folder / "file");
  EXPECT_EQ(meant_by(folder / "not/../there/"), folder / "there");
  EXPECT_EQ(meant_by("there/"), std::filesystem::current_path() / "there");
  EXPECT_EQ(meant_by(""), "");
}

}  // namespace
}  // namespace histoloom
