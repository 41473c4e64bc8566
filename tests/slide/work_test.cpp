// The rules of the work directory: what is continued, what is refused, what is removed.
#include "work.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/file.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJob = R"({"version": "0.1.0", "size": [64, 64], "seed": 1, "steps": 30})";
constexpr const char* kOther = R"({"version": "0.1.0", "size": [64, 64], "seed": 2, "steps": 30})";

Tally some_work() {
  Tally tally;
  tally.diffusion = {100, 12, 14, 1.5, 2.95, {{30, 28, false}, {40, 28, true}}};
  tally.decode = {6, 0.25};
  tally.traffic = {1000, 2000};
  tally.mask_seconds = 0.5;
  tally.diffusion_seconds = 2;
  tally.decode_seconds = 4;
  tally.wall_seconds = 8;
  tally.peak_rss_bytes = 1 << 20;
  return tally;
}

class Work : public testing::Test {
 protected:
  WorkDirectory make(bool resume = false, bool force = false, const char* job = kJob,
                     bool kept = false) {
    return WorkDirectory(path_, kept, resume, force, job);
  }
  std::string error(bool resume, bool force, const char* job = kJob) {
    return message_of([&] { make(resume, force, job); });
  }
  // Leaves a job with some committed steps, as a kill does.
  void leave_unfinished(int steps) {
    WorkDirectory work = make(false, true);
    work.open();
    fs::create_directory(work.latents(0));
    write_bytes(work.latents(0) / "0.0.0", "latents");
    if (steps > 0) work.commit({steps, 40}, some_work());
  }

  ScratchDirectory scratch_;
  const fs::path path_ = scratch_ / "slide.svs.work";
};

TEST_F(Work, LookingWritesNothing) {
  make();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(Work, OpeningMakesItWithTheJob) {
  WorkDirectory work = make();
  work.open();
  EXPECT_EQ(read_file(path_ / "job.json"), kJob);
  EXPECT_EQ(work.painted(), PaintedPart{});
  EXPECT_TRUE(fs::is_directory(work.latents(0).parent_path()));
  EXPECT_FALSE(fs::exists(work.latents(0)));
  EXPECT_NE(work.latents(0), work.latents(1));
}

TEST_F(Work, AnEmptyDirectoryIsUsed) {
  fs::create_directory(path_);
  make().open();
  EXPECT_TRUE(fs::exists(path_ / "job.json"));
  fs::rename(path_ / "job.json", path_ / "job.json.tmp");
  fs::remove(path_ / "mask");
  fs::remove(path_ / "latents");
  EXPECT_EQ(error(false, false), "") << "a kill left it so";
}

TEST_F(Work, WhatIsNotOursIsLeftAlone) {
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

TEST_F(Work, AnUnfinishedJobIsNeitherContinuedNorReplacedUnasked) {
  leave_unfinished(3);
  EXPECT_EQ(error(false, false), path_.string() +
                                     ": holds an unfinished job; continue it with "
                                     "--resume or start over with --force");
}

TEST_F(Work, TheCommandThatNamesTheDirectoryOfAJobResumesIt) {
  GenerateOptions options;
  options.work = path_;
  EXPECT_FALSE(settle_resume(options));
  EXPECT_FALSE(options.resume) << "there is nothing";
  leave_unfinished(3);
  EXPECT_TRUE(settle_resume(options)) << "its own files may be replaced";
  EXPECT_TRUE(options.resume);

  GenerateOptions forced;
  forced.work = path_;
  forced.force = true;
  EXPECT_TRUE(settle_resume(forced));
  EXPECT_FALSE(forced.resume);

  WorkDirectory kept(path_, /*kept=*/true, /*resume=*/true, /*force=*/false, kJob);
  kept.finish();
  GenerateOptions again;
  again.work = path_;
  EXPECT_FALSE(settle_resume(again)) << "nothing is its own when it is done";
  EXPECT_TRUE(again.resume);
  EXPECT_EQ(make(true).painted(), (PaintedPart{3, 40}));
}

TEST_F(Work, TheDirectoryThatAnOutputHasByItselfIsNotResumedUnasked) {
  GenerateOptions options;
  options.out = path_.parent_path() / "s.svs";
  fs::create_directory(work_directory(options));
  write_bytes(work_directory(options) / "job.json", kJob);
  EXPECT_FALSE(settle_resume(options));
  EXPECT_FALSE(options.resume);
  options.resume = true;
  EXPECT_TRUE(settle_resume(options));
}

TEST_F(Work, ResumeContinuesWhereTheCommitsEnded) {
  leave_unfinished(3);
  WorkDirectory work = make(true);
  EXPECT_EQ(work.painted(), (PaintedPart{3, 40}));
  work.open();
  EXPECT_EQ(read_file(work.latents(0) / "0.0.0"), "latents");
  work.commit({30, 0}, {});
  EXPECT_EQ(make(true).painted(), (PaintedPart{30, 0}));
}

TEST_F(Work, ResumeKnowsWhatWasDoneBefore) {
  leave_unfinished(3);
  EXPECT_EQ(json_of(make(true).tally()), json_of(some_work()));
  EXPECT_EQ(json_of(make(false, true).tally()), json_of(Tally{})) << "another job has done nothing";
}

TEST_F(Work, ACheckpointOfAnEarlierJobIsRemoved) {
  leave_unfinished(3);
  write_bytes(make(true).checkpoint(), "of this job");
  make(true).open();
  EXPECT_TRUE(fs::exists(path_ / "slide.checkpoint"));
  make(false, true, kOther).open();
  EXPECT_FALSE(fs::exists(path_ / "slide.checkpoint"));
}

TEST_F(Work, PaintedLabelsArePartOfTheState) {
  WorkDirectory first = make();
  first.open();
  write_bytes(first.mask() / "chunk", "labels");
  first.commit_labels({7, 3}, {});
  fs::create_directory(first.latents(0));  // made, and killed before a commit

  WorkDirectory second = make(true);
  EXPECT_EQ(second.painted_labels(), (PaintedPart{7, 3}));
  EXPECT_EQ(second.painted(), PaintedPart{});
  second.open();
  EXPECT_EQ(read_file(second.mask() / "chunk"), "labels");
  EXPECT_FALSE(fs::exists(second.latents(0)));
  second.commit({1, 2}, {});
  EXPECT_EQ(make(true).painted_labels(), (PaintedPart{7, 3}));
  EXPECT_EQ(make(true).painted(), (PaintedPart{1, 2}));
}

TEST_F(Work, ResumeBeforeTheFirstCommitStartsOver) {
  leave_unfinished(0);
  WorkDirectory work = make(true);
  EXPECT_EQ(work.painted(), PaintedPart{});
  work.open();
  EXPECT_FALSE(fs::exists(work.latents(0)));
}

TEST_F(Work, ForceStartsOverAndRemovesNothingElse) {
  leave_unfinished(3);
  write_bytes(path_ / "notes.txt", "mine");
  WorkDirectory work = make(false, true, kOther);
  EXPECT_EQ(work.painted(), PaintedPart{});
  work.open();
  EXPECT_EQ(read_file(path_ / "job.json"), kOther);
  EXPECT_FALSE(fs::exists(work.latents(0)));
  EXPECT_FALSE(fs::exists(path_ / "state.json"));
  EXPECT_EQ(read_file(path_ / "notes.txt"), "mine");
}

TEST_F(Work, ResumeOfNothingIsRefused) {
  const std::string nothing =
      path_.string() + ": holds no unfinished job to resume; leave --resume out";
  EXPECT_EQ(error(true, false), nothing);
  fs::create_directory(path_);
  EXPECT_EQ(error(true, false), nothing);
}

TEST_F(Work, ResumeOfAnotherJobNamesTheDifference) {
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

TEST_F(Work, DamagedFilesAreNamed) {
  leave_unfinished(3);
  const std::string damaged = ": is damaged; start over with --force and without --resume";
  for (const char* state :
       {"", "{", "3", "[]", "{}", R"({"committed_steps": "3"})",
        R"({"committed_steps": -3, "committed_crops": 0, "mask_steps": 0, "mask_crops": 0})",
        R"({"committed_steps": 3, "committed_crops": 0, "mask_steps": 1.5, "mask_crops": 0})",
        R"({"committed_steps": 3, "committed_crops": 0, "done": {}})",
        R"({"committed_steps": 3, "committed_crops": 0, "mask_steps": 0, "mask_crops": 0})",
        R"({"committed_steps": 3, "committed_crops": 0, "mask_steps": 0, "mask_crops": 0,
            "done": {"decode": 3}})"}) {
    write_bytes(path_ / "state.json", state);
    EXPECT_EQ(error(true, false), (path_ / "state.json").string() + damaged) << state;
  }
  write_bytes(path_ / "job.json", "{");
  EXPECT_EQ(error(true, false), (path_ / "job.json").string() + damaged);
  EXPECT_EQ(error(false, true), "");
}

TEST_F(Work, MoreStepsThanTheJobHasAreRefused) {
  leave_unfinished(3);
  const std::string whole = read_file(path_ / "state.json");
  const auto with = [&](const char* steps) {
    nlohmann::json state = nlohmann::json::parse(whole);
    state["committed_steps"] = nlohmann::json::parse(steps);
    write_bytes(path_ / "state.json", state.dump());
    return error(true, false);
  };
  const auto refused = [&](const char* steps) {
    return (path_ / "state.json").string() + ": counts " + steps +
           " steps and 40 crops, of a job of 30 steps; start over with --force and without "
           "--resume";
  };
  EXPECT_EQ(with("29"), "");
  EXPECT_EQ(with("30"), refused("30")) << "there are no crops after the last step";
  EXPECT_EQ(with("31"), refused("31"));
  EXPECT_EQ(with("4294967299"), refused("4294967299"));
}

TEST_F(Work, SuccessRemovesItUnlessTheUserNamedIt) {
  leave_unfinished(3);
  make(true, false, kJob, /*kept=*/true).finish();
  EXPECT_TRUE(fs::exists(path_ / "job.json"));
  make(true).finish();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(Work, WhereItCantBeMadeThePathIsNamed) {
  write_bytes(scratch_ / "file", "");
  WorkDirectory work(scratch_ / "file" / "work", false, false, false, kJob);
  EXPECT_EQ(message_of([&] { work.open(); }),
            (scratch_ / "file" / "work").string() + ": can't be made: Not a directory");
}

}  // namespace
}  // namespace histoloom
