// A file is whole or absent, whatever fails and whenever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "support.h"

namespace histoloom::pyramid::test {
namespace {

WriterOptions small_svs(const Picture& picture) {
  WriterOptions options = options_for(picture);
  options.profile = Profile::svs;
  options.tile = 64;
  return options;
}

TEST(Failure, OfAnyCallOfTheSinkReachesTheCallerAndDiscardsTheFile) {
  const Picture picture = waves(300, 300, 3);
  const MemoryFile good = write_to_memory(picture, small_svs(picture));
  ASSERT_TRUE(good.committed);
  ASSERT_GT(good.calls, 50);
  for (int call = 0; call < good.calls; ++call) {
    MemoryFile file;
    file.fail_at = call;
    const std::string message = message_of([&] {
      PyramidWriter writer(sink_to(file), "slide.svs", small_svs(picture));
      writer.write_rows(picture.rows(0, picture.height));
      writer.finish();
    });
    EXPECT_EQ(message, "writing slide.svs: Input/output error") << "call " << call;
    EXPECT_FALSE(file.committed);
    EXPECT_TRUE(file.discarded);
  }
}

TEST(Failure, OfAFullDiskSaysHowMuchIsNeeded) {
  const Picture picture = noise(640, 640, 3);
  WriterOptions options = options_for(picture);
  options.compression = Compression::none;
  options.tile = 64;
  MemoryFile file;
  file.fail_at = 60;
  file.full = true;
  const std::string message = message_of([&] {
    PyramidWriter writer(sink_to(file), "slide.svs", options);
    writer.write_rows(picture.rows(0, picture.height));
    writer.finish();
  });
  // 139 tiles of 12,288 bytes, estimated from the first 58 and the header.
  EXPECT_EQ(message,
            "writing slide.svs: No space left on device after 1 KiB; about 1.61 MiB are needed");
}

TEST(Failure, LeavesAWriterThatSaysSo) {
  const Picture picture = waves(300, 300, 3);
  MemoryFile file;
  file.fail_at = 3;
  PyramidWriter writer(sink_to(file), "slide.svs", small_svs(picture));
  EXPECT_THROW(
      {
        writer.write_rows(picture.rows(0, picture.height));
        writer.finish();
      },
      UserError);
  EXPECT_THROW(writer.finish(), InternalError);
}

TEST(Failure, ToCreateTheFileNamesItAndTheReason) {
  const Picture picture = waves(20, 20, 3);
  const ScratchDirectory folder;
  const auto path = folder / "missing/a.svs";
  EXPECT_EQ(message_of([&] { write(path, picture, small_svs(picture)); }),
            "creating " + path.string() + ": No such file or directory");
}

TEST(Failure, OfOptionsLeavesNoFile) {
  const Picture picture = waves(20, 20, 3);
  const ScratchDirectory folder;
  WriterOptions options = small_svs(picture);
  options.tile = 500;
  EXPECT_EQ(message_of([&] { write(folder / "a.svs", picture, options); }),
            "tile size must be a multiple of 16, got 500");
  EXPECT_THAT(folder.files(), testing::IsEmpty());
}

TEST(Failure, ToRenameRemovesThePartialFile) {
  const Picture picture = waves(20, 20, 3);
  const ScratchDirectory folder;
  std::filesystem::create_directories(folder / "a.svs/in the way");
  EXPECT_EQ(message_of([&] { write(folder / "a.svs", picture, small_svs(picture)); }),
            "renaming the finished " + (folder / "a.svs").string() + ": Is a directory");
  EXPECT_THAT(folder.files(), testing::ElementsAre("a.svs"));
}

TEST(Failure, OfARealWriteIsReportedAndLeavesNothing) {
  // A limit on the size of files stands for a full disk; the child keeps it from the other tests.
  const ScratchDirectory folder;
  const Picture picture = noise(800, 800, 3);
  WriterOptions options = options_for(picture);
  options.compression = Compression::none;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::string message = message_of([&] { write(folder / "a.tif", picture, options); });
    const std::string begin =
        "writing " + (folder / "a.tif").string() + ": File too large after 960 KiB; about ";
    _exit(message.starts_with(begin) && message.ends_with(" MiB are needed") ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_THAT(folder.files(), testing::IsEmpty());
}

TEST(Failure, ByKillLeavesNothingUnderTheFinalNameAndTheNextRunSucceeds) {
  const ScratchDirectory folder;
  const Picture picture = waves(600, 600, 3);
  const WriterOptions options = small_svs(picture);
  for (const std::int64_t rows : {0, 100, 599, 600}) {
    const pid_t child = fork();
    if (child == 0) {
      PyramidWriter writer(folder / "a.svs", options);
      writer.write_rows(picture.rows(0, rows));
      kill(getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_THAT(folder.files(), testing::ElementsAre(".a.svs.partial"));
    EXPECT_TRUE(read_tiff(folder / ".a.svs.partial").chain.empty());
  }
  write(folder / "a.svs", picture, options);
  EXPECT_THAT(folder.files(), testing::ElementsAre("a.svs"));
}

TEST(Failure, ToShareANameWithAnotherWriterIsAnError) {
  const ScratchDirectory folder;
  const Picture picture = waves(20, 20, 3);
  const auto path = folder / "a.svs";
  const PyramidWriter first(path, small_svs(picture));
  EXPECT_EQ(message_of([&] { write(path, picture, small_svs(picture)); }),
            path.string() + ": another process is writing it (" + partial_path(path).string() +
                " is locked)");
}

TEST(Failure, IsNotToReplaceAnOlderFileUntilTheNewOneIsWhole) {
  const ScratchDirectory folder;
  const Picture picture = waves(20, 20, 3);
  std::ofstream(folder / "a.svs") << "old";
  {
    PyramidWriter writer(folder / "a.svs", small_svs(picture));
    writer.write_rows(picture.rows(0, 20));
  }
  EXPECT_EQ(bytes_of(folder / "a.svs").size(), 3u);
  write(folder / "a.svs", picture, small_svs(picture));
  EXPECT_GT(bytes_of(folder / "a.svs").size(), 1000u);
}

}  // namespace
}  // namespace histoloom::pyramid::test
