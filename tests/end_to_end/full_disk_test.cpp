// A run that finds no room on a disk loses nothing: --resume ends with the same bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(FullDisk, UnderTheSlideIsAnErrorThatAResumeCures) {
  StoppedJob job({"--size", "256x600", "--steps", "16", "--seed", "2", "--layout", "full",
                  "--compression", "none"});
  SmallDisk disk(job / "disk");
  if (!disk.resize("2m")) GTEST_SKIP() << disk.why();
  job.put_out(job / "disk/s.svs");
  job.put_work(job / "work");
  // Room for nothing of the slide, then for its first rows of tiles only.
  for (const std::size_t taken : {2048, 1400}) {
    const Arguments more = taken == 1400 ? Arguments{"--resume"} : Arguments{};
    const Outcome full = job.meet_at(
        job.at_step(2), [&] { write_bytes(job / "disk/filler", std::string(taken * 1024, 'x')); },
        more);
    EXPECT_EQ(full.code, 1);
    EXPECT_EQ(std::count(full.err.begin(), full.err.end(), '\n'), 1) << full.err;
    EXPECT_THAT(full.err, HasSubstr("writing " + job.out().string() + ": No space left on device"));
    EXPECT_THAT(full.err,
                testing::EndsWith(" are needed; make room, and the same command with --resume goes "
                                  "on\n"));
    EXPECT_EQ(std::filesystem::exists(job / "disk/.s.svs.partial"), taken == 1400)
        << "kept where there is a checkpoint";
    std::filesystem::remove(job / "disk/filler");
  }
  EXPECT_EQ(job.expect_resumes().err, "") << "the checkpoint was used";
}

TEST(FullDisk, UnderStandardOutputIsAnError) {
  const Folder folder;
  const std::string out = (folder / "s.svs").string();
  ASSERT_EQ(run(generate(out, {"--size", "64x64", "--steps", "1"})).code, 0);
  for (const std::string& command :
       {"verify " + out + " --json", "verify " + out, std::string("--version"),
        std::string("generate --help"), "generate --dry-run --size 64x64 -o " + out + "x.svs"}) {
    const Outcome full =
        run({"-c", std::string(HISTOLOOM_PROGRAM) + " " + command + " > /dev/full"}, "/bin/bash");
    EXPECT_EQ(full.code, 1) << command;
    EXPECT_EQ(full.err, "histoloom: standard output: can't be written; is its disk full?\n")
        << command;
  }
}

TEST(FullDisk, ThatIsTooSmallForTheSlideIsFoundBeforeAnyWork) {
  const Folder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.resize("256k")) GTEST_SKIP() << disk.why();
  const Outcome full =
      run(generate(folder / "disk/s.svs",
                   plus(kJob, {"--compression", "none", "--work", (folder / "work").string()})));
  EXPECT_EQ(full.code, 2);
  EXPECT_EQ(full.err, "histoloom: the slide needs about 312 KiB in '" + (folder / "disk").string() +
                          "', 256 KiB are free; choose another disk with -o\n");
  EXPECT_THAT(folder.listing(), ElementsAre("disk/"));
}

TEST(LimitOnFiles, IsAnErrorThatAResumeCures) {
  StoppedJob job(plus(kJob, {"--compression", "none"}));
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit low{std::size_t{300} << 10, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &low);
  const Outcome full = run(job.command());
  setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err,
              testing::MatchesRegex("histoloom: writing [^\n]*s.svs: File too large after "
                                    "[^\n]*; make room, [^\n]*--resume goes on\n"));
  job.expect_resumes();
}

TEST(FullDisk, UnderTheLabelsIsAnErrorThatAResumeCures) {
  const Folder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.resize("4k")) GTEST_SKIP() << disk.why();
  const auto out = folder / "s.svs", labels = folder / "disk/labels.tif";
  const Arguments job{"--size",   "1024x1024", "--steps",    "1",
                      "--layout", "biopsy",    "--mask-out", labels.string()};
  const Outcome full = run(generate(out, job));
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("writing " + labels.string() + ": No space left on device"));
  ASSERT_TRUE(disk.resize("8m")) << disk.why();
  const Outcome resumed = run(generate(out, plus(job, {"--resume"})));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  // Threads that libvips started before don't see the small disk.
  std::filesystem::copy_file(labels, folder / "labels.tif");
  EXPECT_EQ(read_page(folder / "labels.tif", 0).pixels.size(), 1024u * 1024u);
}

TEST(FullDisk, ThatIsTooSmallForTheCanvasOfLabelsIsFoundBeforeAnyWork) {
  const Folder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.resize("64k")) GTEST_SKIP() << disk.why();
  const Outcome full = run(mask(folder / "disk/m.tif", {"--size", "1024x1024"}));
  EXPECT_EQ(full.code, 2);
  EXPECT_THAT(full.err, testing::MatchesRegex(
                            "histoloom: painting labels needs about [^\n]+ in '[^\n]*/disk', "
                            "64.0 KiB are free; choose another disk with -o\n"));
  EXPECT_THAT(folder.listing(), ElementsAre("disk/"));
}

TEST(FullDisk, UnderLabelsAloneLeavesNothing) {
  const Folder folder;
  // Given, so that there is no canvas to be painted; no two cells alike, so that they take room.
  const auto given = folder / "given.png";
  write_mask(given, 128, 128, [](int x, int y) {
    return 1 +
           static_cast<int>(
               (static_cast<unsigned>(x) * 73856093u ^ static_cast<unsigned>(y) * 19349663u) >> 7 &
               3);
  });
  SmallDisk disk(folder / "disk");
  if (!disk.resize("4k")) GTEST_SKIP() << disk.why();
  const auto labels = folder / "disk/labels.tif";
  const Arguments job = mask(labels, {"--size", "1024x1024", "--mask", given.string()});
  const Outcome full = run(job);
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, testing::MatchesRegex("histoloom: [^\n]*/disk/labels.tif[^\n]*: No space "
                                              "left on device[^\n]*; make room and start "
                                              "again\n"));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "disk")) << "half of the labels were left";
  ASSERT_TRUE(disk.resize("8m")) << disk.why();
  EXPECT_EQ(run(job).code, 0);
}

TEST(FullDisk, WhilePaintingIsAnErrorThatAResumeCures) {
  StoppedJob job(kJob);
  SmallDisk disk(job / "disk");
  if (!disk.resize("2m")) GTEST_SKIP() << disk.why();
  const auto filler = job / "disk/filler";
  job.put_work(job / "disk/work");
  const Outcome full =
      job.meet_at(job.at_step(2), [&] { write_bytes(filler, std::string(2048 * 1024, 'x')); });
  EXPECT_EQ(full.code, 1);
  EXPECT_EQ(std::count(full.err.begin(), full.err.end(), '\n'), 1) << full.err;
  EXPECT_THAT(full.err, HasSubstr(job.work().string()));
  EXPECT_THAT(full.err, testing::EndsWith("No space left on device; make room, and the same "
                                          "command with --resume goes on\n"));
  std::filesystem::remove(filler);
  job.expect_resumes();
}

TEST(FullDisk, UnderTheStateIsAnErrorThatAResumeCures) {
  StoppedJob job(kTall);
  SmallDisk disk(job / "disk");
  if (!disk.resize("36m")) GTEST_SKIP() << disk.why();
  const auto filler = job / "disk/filler";
  job.put_work(job / "disk/work");
  const Outcome full =
      job.meet_at(job.decoding(), [&] { write_bytes(filler, std::string(36 * 1024 * 1024, 'x')); });
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, testing::MatchesRegex(
                            "histoloom: [^\n]*/disk/work/(slide.checkpoint|state.json): can't be "
                            "written: No space left on device; make room, and the same command "
                            "with --resume goes on\n"));
  std::filesystem::remove(filler);
  job.expect_resumes({});
}

TEST(FullDisk, UnderTheWorkIsFoundBeforeAnyWork) {
  const Folder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.resize("64k")) GTEST_SKIP() << disk.why();
  const std::string work = (folder / "disk/work").string();
  const Outcome full = run(generate(folder / "s.svs", {"--size", "2048x2048", "--work", work}));
  EXPECT_EQ(full.code, 2);
  EXPECT_THAT(full.err, testing::MatchesRegex(
                            "histoloom: the work directory needs about [^\n]+ in '[^\n]*/disk', "
                            "[^\n]+ free; choose another disk with --work\n"));
  EXPECT_THAT(folder.listing(), ElementsAre("disk/"));
}

}  // namespace
}  // namespace histoloom::test
