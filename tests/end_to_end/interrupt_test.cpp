// A run that is killed, stopped or out of disk loses nothing: --resume ends with the same bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support.h"

namespace histoloom::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Arguments kJob{"--size", "256x300", "--steps", "8", "--seed", "2", "--layout", "full"};

Arguments plus(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

int committed_steps(const std::filesystem::path& work) {
  // Replaced by renaming, so it is whole whenever it is there.
  const auto state = nlohmann::json::parse(bytes_of(work / "state.json"), nullptr, false);
  return state.is_discarded() ? 0 : state.value("committed_steps", 0);
}

std::string unbroken(const Folder& folder, const Arguments& job) {
  const Outcome outcome = run(generate(folder / "unbroken.svs", job));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return bytes_of(folder / "unbroken.svs");
}

TEST(Killed, WhilePaintingResumesToTheSameBytes) {
  const Folder folder;
  const std::string expected = unbroken(folder, kJob);
  const auto out = folder / "s.svs", work = folder / "s.svs.work";
  for (const int steps : {2, 5}) {
    Process process(generate(out, steps == 2 ? kJob : plus(kJob, {"--resume"})));
    ASSERT_TRUE(process.wait_until([&] { return committed_steps(work) >= steps; }))
        << process.wait().err;
    process.send(SIGKILL);
    ASSERT_EQ(process.wait().code, 128 + SIGKILL);
    ASSERT_FALSE(std::filesystem::exists(out));
  }

  // Neither forgotten nor mixed up with another job.
  EXPECT_EQ(run(generate(out, kJob)).err,
            "histoloom: " + work.string() +
                ": holds an unfinished job; continue it with --resume or start over with "
                "--force\n");
  Arguments other = plus(kJob, {"--resume"});
  other[5] = "3";
  EXPECT_EQ(run(generate(out, other)).err,
            "histoloom: " + work.string() +
                ": holds another job (seed is 3, was 2); give the options of that job, or start "
                "over with --force and without --resume\n");

  const Outcome resumed = run(generate(out, plus(kJob, {"--resume", "--threads", "1"})));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(bytes_of(out) == expected);
  EXPECT_THAT(folder.listing(), Not(Contains("s.svs.work/"))) << "the work is done";
}

TEST(Killed, WhileDecodingResumesToTheSameBytes) {
  const Folder folder;
  const Arguments tall{"--size", "64x4096", "--steps", "1", "--seed", "2", "--layout", "full"};
  const std::string expected = unbroken(folder, tall);
  const auto out = folder / "s.svs";
  Process process(generate(out, tall));
  ASSERT_TRUE(
      process.wait_until([&] { return std::filesystem::exists(folder / ".s.svs.partial"); }));
  process.send(SIGKILL);
  ASSERT_EQ(process.wait().code, 128 + SIGKILL);
  ASSERT_FALSE(std::filesystem::exists(out)) << "a half slide under its final name";
  const Outcome resumed = run(generate(out, plus(tall, {"--resume"})));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(bytes_of(out) == expected);
  EXPECT_THAT(folder.listing(), Not(Contains(".s.svs.partial")));
}

TEST(Killed, CanStartOverWithForce) {
  const Folder folder;
  const auto out = folder / "s.svs", work = folder / "s.svs.work";
  Process process(generate(out, kJob));
  ASSERT_TRUE(process.wait_until([&] { return committed_steps(work) >= 1; }));
  process.send(SIGKILL);
  process.wait();
  const Outcome forced = run(generate(out, {"--size", "64x64", "--steps", "1", "--force"}));
  EXPECT_EQ(forced.code, 0) << forced.err;
  EXPECT_THAT(folder.listing(), ElementsAre("s.svs", "s.svs.manifest.json"));
}

TEST(Interrupted, ByTheUserSaysHowToGoOnAndDoes) {
  const Folder folder;
  const std::string expected = unbroken(folder, kJob);
  const auto out = folder / "s.svs", work = folder / "s.svs.work";
  Process process(generate(out, kJob));
  ASSERT_TRUE(process.wait_until([&] { return committed_steps(work) >= 2; }));
  process.send(SIGINT);
  const Outcome stopped = process.wait();
  EXPECT_EQ(stopped.code, 130);
  EXPECT_THAT(stopped.err,
              testing::MatchesRegex("histoloom: stopped while painting, in step [0-9] of 8; [^\n]*"
                                    "--resume[^\n]*\n"));
  EXPECT_FALSE(std::filesystem::exists(out));
  const Outcome resumed = run(generate(out, plus(kJob, {"--resume"})));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(bytes_of(out) == expected);
}

TEST(FullDisk, UnderTheSlideIsAnErrorThatAResumeCures) {
  const Folder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.resize("256k")) GTEST_SKIP() << disk.why();
  const Arguments job = plus(kJob, {"--compression", "none", "--work", (folder / "work").string()});
  const auto out = folder / "disk/s.svs";
  const Outcome full = run(generate(out, job));
  EXPECT_EQ(full.code, 1);
  EXPECT_EQ(std::count(full.err.begin(), full.err.end(), '\n'), 1) << full.err;
  EXPECT_THAT(full.err, HasSubstr("writing " + out.string() + ": No space left on device"));
  EXPECT_THAT(full.err, HasSubstr("needed"));
  const Folder other;
  EXPECT_TRUE(std::filesystem::is_empty(folder / "disk")) << "half a slide was left";

  ASSERT_TRUE(disk.resize("8m")) << disk.why();
  const Outcome resumed = run(generate(out, plus(job, {"--resume"})));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(bytes_of(out) == unbroken(other, plus(kJob, {"--compression", "none"})));
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
  EXPECT_EQ(read_page(labels, 0).pixels.size(), 1024u * 1024u);
}

TEST(FullDisk, WhilePaintingIsAnErrorThatAResumeCures) {
  const Folder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.resize("256k")) GTEST_SKIP() << disk.why();
  const std::string expected = unbroken(folder, kJob);
  const auto out = folder / "s.svs", work = folder / "disk/work", filler = folder / "disk/filler";
  const Arguments job = plus(kJob, {"--work", work.string()});
  Process process(generate(out, job));
  ASSERT_TRUE(process.wait_until([&] { return committed_steps(work) >= 2; }));
  write_bytes(filler, std::string(256 * 1024, 'x'));
  const Outcome full = process.wait();
  EXPECT_EQ(full.code, 1);
  EXPECT_EQ(std::count(full.err.begin(), full.err.end(), '\n'), 1) << full.err;
  EXPECT_THAT(full.err, HasSubstr("No space left on device"));
  EXPECT_THAT(full.err, HasSubstr(work.string()));
  std::filesystem::remove(filler);
  const Outcome resumed = run(generate(out, plus(job, {"--resume"})));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(bytes_of(out) == expected);
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
