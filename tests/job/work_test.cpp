// The rules of the work directory: what is continued, what is refused, what is removed.
#include "work.h"

#include <gmock/gmock.h>

#include "histoloom/core/resumable.h"
#include "outputs.h"
#include "test_work.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

TEST_F(WorkDirectoryTest, LookingWritesNothing) {
  make();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(WorkDirectoryTest, OpeningMakesItWithTheJob) {
  WorkDirectory work = make();
  work.open();
  EXPECT_EQ(read_file(path_ / "job.json"), stored(kJob));
  EXPECT_EQ(work.painted(), PaintedPart{});
  EXPECT_TRUE(fs::is_directory(work.latents()));
  EXPECT_FALSE(fs::exists(work.latents() / "0"));
  EXPECT_NE(work.latents() / "0", work.latents() / "1");
}

TEST_F(WorkDirectoryTest, AnEmptyDirectoryIsUsed) {
  fs::create_directory(path_);
  make().open();
  EXPECT_TRUE(fs::exists(path_ / "job.json"));
  fs::rename(path_ / "job.json", path_ / "job.json.tmp");
  fs::remove(path_ / "state.json");
  ASSERT_TRUE(fs::exists(path_ / "lock"));
  fs::remove(path_ / "mask");
  fs::remove(path_ / "latents");
  EXPECT_EQ(error(false, false), "") << "a kill left it so";
}

TEST_F(WorkDirectoryTest, WhatIsNotOursIsLeftAlone) {
  const std::string in_the_way = path_.string() +
                                 ": is in the way and not a work directory of ours; give --work "
                                 "DIR or remove it";
  write_bytes(path_, "a file");
  EXPECT_EQ(error(false, false), in_the_way);
  EXPECT_EQ(error(false, true), in_the_way);
  fs::remove(path_);
  fs::create_directory(path_);
  write_bytes(path_ / "thesis.tex", "years of work");
  EXPECT_EQ(error(false, true), in_the_way);
  EXPECT_TRUE(fs::exists(path_ / "thesis.tex"));
}

TEST_F(WorkDirectoryTest, AnUnfinishedJobIsNeitherContinuedNorReplacedUnasked) {
  leave_unfinished(3);
  EXPECT_EQ(error(false, false), path_.string() +
                                     ": holds an unfinished job; continue it with "
                                     "--resume or start over with --force");
}

TEST_F(WorkDirectoryTest, TheCommandThatNamesTheDirectoryOfAJobResumesIt) {
  EXPECT_FALSE(decided().resume) << "there is nothing";
  leave_unfinished(3);
  EXPECT_TRUE(decided().resume);
  EXPECT_FALSE(decided(/*force=*/true).resume);
  make(true, false, kJob, /*named=*/true).finish();
  EXPECT_TRUE(decided().resume);
  EXPECT_EQ(make(true).painted(), (PaintedPart{3, 40}));
}

TEST_F(WorkDirectoryTest, OneProcessWorksInItAtATime) {
  const std::string taken = path_.string() +
                            ": another process is working in it; wait for it, or give another "
                            "--work";
  {
    WorkDirectory late = make();  // looked before there was anything
    WorkDirectory work = make();
    work.open();
    EXPECT_EQ(error(false, false), taken);
    EXPECT_EQ(error(true, false), taken);
    EXPECT_EQ(error(false, true), taken);
    EXPECT_EQ(message_of([&] { late.open(); }), taken);
    work.commit({3, 40}, {});
  }
  {
    const WorkDirectory looking = make(true);
    EXPECT_EQ(error(true, false), taken);
  }
  EXPECT_EQ(make(true).painted(), (PaintedPart{3, 40}));
}

TEST_F(WorkDirectoryTest, TheDirectoryThatAnOutputHasByItselfIsNotResumedUnasked) {
  const fs::path out = path_.parent_path() / "slide.svs";
  leave_unfinished(3, {absolute_name(out)});
  WorkSpec work{path_, /*named=*/false, /*resume=*/false};
  EXPECT_FALSE(decide_resume(work, false).replace.may_replace(out));
  EXPECT_FALSE(decide_resume(work, false).resume);
  work.resume = true;
  EXPECT_TRUE(decide_resume(work, false).replace.may_replace(out));
}

TEST_F(WorkDirectoryTest, OnlyTheOutputsOfItsOwnRunsAreReplaced) {
  const fs::path first = scratch_ / "a.svs", second = scratch_ / "b.svs",
                 other = scratch_ / "precious.svs";
  const auto replaced = [&](bool force = false) {
    const Replaceable replace = decided(force).replace;
    std::string names;
    for (const fs::path& file : {first, second, other})
      if (replace.may_replace(file)) names += file.filename().string() + " ";
    return names;
  };
  EXPECT_EQ(replaced(), "");
  EXPECT_EQ(replaced(/*force=*/true), "a.svs b.svs precious.svs ");
  leave_unfinished(3, {absolute_name(first)});
  EXPECT_EQ(replaced(), "a.svs ");
  {
    WorkDirectory work = make(true, false, kJob, /*named=*/true);
    work.open();
    EXPECT_EQ(replaced(), "a.svs ") << "nothing else was begun";
    work.note_outputs({absolute_name(second)}, std::nullopt, {});
    EXPECT_EQ(replaced(), "a.svs b.svs ") << "two runs of one job";
    work.commit({4, 0}, {});
    EXPECT_EQ(replaced(), "a.svs b.svs ");
    EXPECT_EQ(replaced(/*force=*/true), "a.svs b.svs precious.svs ");
    work.finish();
  }
  EXPECT_EQ(replaced(), "") << "nothing is its own when it is done";
  const auto begin = [](WorkDirectory work, const fs::path& output) {
    work.open();
    work.note_outputs({absolute_name(output)}, std::nullopt, {});
  };
  begin(make(true), second);
  EXPECT_EQ(replaced(), "b.svs ") << "what is done stays done";
  begin(make(false, true, kOther), other);
  EXPECT_EQ(replaced(), "precious.svs ") << "another job";
}

TEST_F(WorkDirectoryTest, AFileIsTheSameHoweverItIsSpelled) {
  fs::create_directory(scratch_ / "real");
  fs::create_directory_symlink("real", scratch_ / "link");
  fs::create_symlink("a.svs", scratch_ / "real" / "b.svs");
  const std::string name = absolute_name(scratch_ / "real" / "a.svs");
  EXPECT_EQ(name, (fs::canonical(scratch_ / "real") / "a.svs").string());
  EXPECT_EQ(absolute_name(scratch_ / "link" / "." / "a.svs"), name);
  EXPECT_EQ(absolute_name(scratch_ / "link" / ".." / "real" / "a.svs"), name);
  EXPECT_NE(absolute_name(scratch_ / "real" / "b.svs"), name) << "the link is what is replaced";
  EXPECT_EQ(absolute_name("a.svs"), (fs::current_path() / "a.svs").string());
  EXPECT_EQ(absolute_name("none/a.svs"), (fs::current_path() / "none/a.svs").string());
}

TEST_F(WorkDirectoryTest, AnOutputWhoseNameIsNoTextIsNeverTakenForItsOwn) {
  const fs::path latin = scratch_ / "\xe4.svs";
  leave_unfinished(3, {absolute_name(latin)});
  EXPECT_FALSE(decided().replace.may_replace(latin));
}

TEST(OutputsOf, AreAllFilesThatTheJobWrites) {
  GenerateSpec spec;
  spec.out = "/x/s.svs";
  EXPECT_EQ(names_of(outputs_of(spec)),
            (std::set<std::string>{"/x/s.svs", "/x/s.svs.manifest.json"}));
  NewSlide slide;
  slide.files.mask_out = "/x/m.tif";
  slide.files.annotations = "/x/a.geojson";
  slide.thumbnail = "/x/t.png";
  spec.what = slide;
  spec.report = "/x/r.json";
  EXPECT_EQ(names_of(outputs_of(spec)),
            (std::set<std::string>{"/x/a.geojson", "/x/m.tif", "/x/r.json", "/x/s.svs",
                                   "/x/s.svs.manifest.json", "/x/t.png"}));
}

TEST(RequireStillNew, NamesTheOutputThatHasComeFromElsewhere) {
  const ScratchDirectory scratch;
  const fs::path slide = scratch / "s.svs", report = scratch / "r.json";
  const std::vector<Output> outputs{{slide, "-o"}, {report, "--report"}};
  require_still_new(outputs, Replaceable(false));
  write_bytes(report, "of another program");
  require_still_new(outputs, Replaceable(true));
  require_still_new(outputs, Replaceable(std::set{absolute_name(report)}));
  EXPECT_EQ(message_of<OutputAppeared>([&] { require_still_new(outputs, Replaceable(false)); }),
            "--report " + report.string() + ": another program has made it since the job began");
}

TEST_F(WorkDirectoryTest, KnowsTheSlideThatWasWholeBeforeAKill) {
  const fs::path partial = scratch_ / ".s.svs.partial", out = scratch_ / "s.svs";
  write_bytes(partial, "pixels");
  {
    WorkDirectory work = make();
    work.open();
    work.commit({30, 0}, {});
    work.note_outputs({absolute_name(out)}, mark_of(partial), some_account());
    EXPECT_FALSE(work.has_named_slide(out));
  }
  write_bytes(out, "others");
  EXPECT_FALSE(make(true).has_named_slide(out)) << "as long, and not it";
  fs::rename(partial, out);
  EXPECT_TRUE(make(true).has_named_slide(out));
  EXPECT_FALSE(make(false, true).has_named_slide(out)) << "another job";
  EXPECT_EQ(json_of(make(true).account()), json_of(some_account()));
  make(true, false, kJob, /*named=*/true).finish();
  EXPECT_FALSE(make(true).has_named_slide(out)) << "it belongs to somebody again";
}

TEST_F(WorkDirectoryTest, AKillAmidTheRemovalLeavesADirectoryOfOurs) {
  leave_unfinished(3);
  fs::remove_all(path_ / "latents");
  fs::remove(path_ / "mask");
  fs::remove(path_ / "job.json");
  EXPECT_EQ(error(false, false), "");
  write_bytes(path_ / "state.json", R"({"of": "another program"})");
  EXPECT_EQ(error(false, false), path_.string() +
                                     ": is in the way and not a work directory of ours; give "
                                     "--work DIR or remove it");
}

TEST_F(WorkDirectoryTest, ResumeContinuesWhereTheCommitsEnded) {
  leave_unfinished(3);
  {
    WorkDirectory work = make(true);
    EXPECT_EQ(work.painted(), (PaintedPart{3, 40}));
    work.open();
    EXPECT_EQ(read_file(work.latents() / "0" / "0.0.0"), "latents");
    work.commit({30, 0}, {});
  }
  EXPECT_EQ(make(true).painted(), (PaintedPart{30, 0}));
}

TEST_F(WorkDirectoryTest, ResumeKnowsWhatWasDoneBefore) {
  leave_unfinished(3);
  EXPECT_EQ(json_of(make(true).account()), json_of(some_account()));
  EXPECT_EQ(json_of(make(false, true).account()), json_of(Account{}))
      << "another job has done nothing";
}

TEST_F(WorkDirectoryTest, ACheckpointOfAnEarlierJobIsRemoved) {
  leave_unfinished(3);
  write_bytes(make(true).checkpoint(), "of this job");
  make(true).open();
  EXPECT_TRUE(fs::exists(path_ / "slide.checkpoint"));
  make(false, true, kOther).open();
  EXPECT_FALSE(fs::exists(path_ / "slide.checkpoint"));
}

TEST_F(WorkDirectoryTest, PaintedLabelsArePartOfTheState) {
  {
    WorkDirectory first = make();
    first.open();
    write_bytes(first.mask() / "chunk", "labels");
    first.commit_labels({7, 3}, {});
    fs::create_directory(first.latents() / "0");  // made, and killed before a commit
  }
  {
    WorkDirectory second = make(true);
    EXPECT_EQ(second.painted_labels(), (PaintedPart{7, 3}));
    EXPECT_EQ(second.painted(), PaintedPart{});
    second.open();
    EXPECT_EQ(read_file(second.mask() / "chunk"), "labels");
    EXPECT_FALSE(fs::exists(second.latents() / "0"));
    second.commit({1, 2}, {});
  }
  EXPECT_EQ(make(true).painted_labels(), (PaintedPart{7, 3}));
  EXPECT_EQ(make(true).painted(), (PaintedPart{1, 2}));
}

TEST_F(WorkDirectoryTest, ResumeBeforeTheFirstCommitStartsOver) {
  leave_unfinished(0);
  WorkDirectory work = make(true);
  EXPECT_EQ(work.painted(), PaintedPart{});
  work.open();
  EXPECT_FALSE(fs::exists(work.latents() / "0"));
}

TEST_F(WorkDirectoryTest, ForceStartsOverAndRemovesNothingElse) {
  leave_unfinished(3);
  write_bytes(path_ / "notes.txt", "mine");
  {
    WorkDirectory work = make(false, true, kOther);
    EXPECT_EQ(work.painted(), PaintedPart{});
    work.open();
    EXPECT_EQ(read_file(path_ / "job.json"), stored(kOther));
    EXPECT_FALSE(fs::exists(work.latents() / "0"));
  }
  EXPECT_EQ(make(true, false, kOther).painted(), PaintedPart{});
  EXPECT_EQ(read_file(path_ / "notes.txt"), "mine");
}

TEST_F(WorkDirectoryTest, CanvasesThatHoldWhatIsNotOursAreRefusedBeforeAnyIsRemoved) {
  for (const char* name : {"latents/notes.txt", "latents/0/notes.txt", "mask/0/0.0.0.bak",
                           "latents/kept/0.0.0.new-", "mask/album/picture.png"}) {
    leave_unfinished(3);
    write_bytes(path_ / "latents" / "0" / "0.0.0", "ours");
    const fs::path file = path_ / name;
    fs::create_directories(file.parent_path());
    write_bytes(file, "mine");
    const std::string canvas = (path_ / fs::path(name).begin()->string()).string();
    EXPECT_EQ(error(false, true), canvas +
                                      ": holds what no job of ours has written; move it away, or "
                                      "give another --work");
    EXPECT_EQ(read_file(file), "mine") << name;
    EXPECT_EQ(read_file(path_ / "latents" / "0" / "0.0.0"), "ours");
    fs::remove_all(path_);
  }
}

TEST_F(WorkDirectoryTest, SuccessLeavesWhatIsNotOurs) {
  leave_unfinished(3);
  for (const char* name : {"notes.txt", "latents/notes.txt", "latents/0/notes.txt"})
    write_bytes(path_ / name, "mine");
  write_bytes(path_ / "latents" / "0" / "0.0.0.new-12", "ours");
  make(true).finish();
  for (const char* name : {"notes.txt", "latents/notes.txt", "latents/0/notes.txt"})
    EXPECT_EQ(read_file(path_ / name), "mine") << name;
  EXPECT_FALSE(fs::exists(path_ / "latents" / "0" / "0.0.0.new-12"));
  EXPECT_FALSE(fs::exists(path_ / "job.json"));
  EXPECT_FALSE(fs::exists(path_ / "mask"));
}

TEST_F(WorkDirectoryTest, ResumeOfNothingIsRefused) {
  const std::string nothing =
      path_.string() + ": holds no unfinished job to resume; leave --resume out";
  EXPECT_EQ(error(true, false), nothing);
  fs::create_directory(path_);
  EXPECT_EQ(error(true, false), nothing);
}

TEST_F(WorkDirectoryTest, ResumeOfAnotherJobNamesTheDifference) {
  leave_unfinished(3);
  const auto another = [&](const char* what) {
    return path_.string() + ": holds another job (" + what +
           "); give the options of that job, or start over with --force and without --resume";
  };
  EXPECT_EQ(error(true, false, kOther), another("seed is 2, was 1"));
  EXPECT_EQ(error(true, false, R"({"version": "0.1.0", "size": [64, 65], "seed": 1, "steps": 30})"),
            another("size is [64,65], was [64,64]"));
  EXPECT_EQ(error(true, false,
                  R"({"version": "0.1.0", "size": [64, 64], "seed": 1, "steps": 30, "eta": 0})"),
            another("eta is 0, was missing"));
  EXPECT_EQ(error(true, false, R"({"version": "0.1.0", "size": [64, 64], "seed": 1})"),
            another("it has other settings"));
}

TEST_F(WorkDirectoryTest, SuccessRemovesItUnlessTheUserNamedIt) {
  leave_unfinished(3);
  make(true, false, kJob, /*named=*/true).finish();
  EXPECT_TRUE(fs::exists(path_ / "job.json"));
  make(true).finish();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(WorkDirectoryTest, ADiskThatIsFullBeforeThereIsAJobLeavesNothingToResume) {
  fs::create_directory(path_);
  fs::create_symlink("/dev/full", path_ / "job.json.tmp");
  WorkDirectory work = make();
  EXPECT_EQ(message_of([&] { run_resumable([&] { work.open(); }); }),
            (path_ / "job.json").string() +
                ": can't be written: No space left on device; make room and start again");
}

TEST_F(WorkDirectoryTest, WhereItCantBeMadeThePathIsNamed) {
  write_bytes(scratch_ / "file", "");
  WorkDirectory work({scratch_ / "file" / "work", false, false}, false, false, kJob, kKind);
  EXPECT_EQ(message_of([&] { work.open(); }),
            (scratch_ / "file" / "work").string() + ": can't be made: Not a directory");
}

}  // namespace
}  // namespace histoloom
