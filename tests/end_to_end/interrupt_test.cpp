// A run that is killed or stopped loses nothing: --resume ends with the same bytes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

TEST(Killed, WhilePaintingResumesToTheSameBytes) {
  StoppedJob job(kJob);
  ASSERT_TRUE(job.kill_at_step(2));
  ASSERT_TRUE(job.kill_at_step(5, {"--resume"}));

  // Neither forgotten nor mixed up with another job.
  EXPECT_EQ(run(job.command()).err,
            "histoloom: " + job.work().string() +
                ": holds an unfinished job; continue it with --resume or start over with "
                "--force\n");
  Arguments other = plus(kJob, {"--resume"});
  other[5] = "3";
  EXPECT_EQ(run(generate(job.out(), other)).err,
            "histoloom: " + job.work().string() +
                ": holds another job (seed is 3, was 2); give the options of that job, or start "
                "over with --force and without --resume\n");

  job.expect_resumes({"--resume", "--threads", "1"});
  EXPECT_THAT(job.folder().listing(), Not(Contains("s.svs.work/"))) << "the work is done";
}

TEST(Killed, WhileDecodingResumesToTheSameBytes) {
  StoppedJob job(kTall);
  ASSERT_TRUE(job.kill_at(job.decoding()));
  EXPECT_EQ(job.expect_resumes().err, "") << "the checkpoint was used";
  EXPECT_THAT(job.folder().listing(), ElementsAre("s.svs", "s.svs.manifest.json"));
}

TEST(Killed, WithoutItsPartialFileDecodesAnewAndSaysSo) {
  StoppedJob job(kTall);
  ASSERT_TRUE(job.kill_at(job.decoding()));
  std::filesystem::remove(job / ".s.svs.partial");
  EXPECT_EQ(
      job.expect_resumes().err,
      "histoloom: warning: the checkpoint's partial file is gone; the slide is decoded anew\n");
}

TEST(Killed, AndResumedReportsWhatAllRunsDid) {
  StoppedJob job(kJob);
  const auto report = job / "s.json", whole = job / "whole.json";
  ASSERT_EQ(run(generate(job / "whole.svs", plus(kJob, {"--report", whole.string()}))).code, 0);
  ASSERT_TRUE(job.kill_at_step(3));
  job.expect_resumes({"--resume", "--report", report.string()});
  const auto resumed = json_in(report), expected = json_in(whole);
  EXPECT_EQ(resumed["coverage"], expected["coverage"]);
  EXPECT_EQ(resumed["denoiser"]["evaluations"], expected["denoiser"]["evaluations"]);
  EXPECT_EQ(resumed["denoiser"]["batches"], expected["denoiser"]["batches"]);
  EXPECT_EQ(resumed["autoencoder"]["decodes"], expected["autoencoder"]["decodes"]);
  EXPECT_GE(resumed["stages"]["diffusion"]["seconds"], resumed["denoiser"]["seconds"]);
  EXPECT_GE(resumed["wall_seconds"], resumed["stages"]["diffusion"]["seconds"]);
  EXPECT_THAT(job.folder().listing(), Not(Contains(".s.svs.partial")));
}

TEST(Killed, WhileLabelsArePaintedResumesToTheSameBytes) {
  StoppedJob job(
      {"--size", "2048x2048", "--steps", "1", "--seed", "5", "--tissue-fraction", "0.1"});
  ASSERT_TRUE(job.kill_at([&] { return committed(job.work(), "mask_steps") >= 4; }));
  ASSERT_EQ(committed_steps(job.work()), 0);
  job.expect_resumes();
}

TEST(Killed, WhileInpaintingResumesToTheSameBytes) {
  const Folder folder;
  ASSERT_EQ(run(generate(folder / "slide.svs", {"--size", "512x512", "--steps", "1"})).code, 0);
  StoppedJob job({"--inpaint", (folder / "slide.svs").string(), "--region", "100,100,256,256",
                  "--steps", "24"});
  ASSERT_TRUE(job.kill_at_step(3));
  job.expect_resumes();
}

TEST(Killed, WithItsWorkNamedGoesOnWithTheSameCommand) {
  StoppedJob job(kJob);
  const auto labels = job / "labels.tif";
  job.put_work(job / "work");
  job.add({"--mask-out", labels.string(), "--report", (job / "s.json").string()});
  ASSERT_TRUE(job.kill_at_step(3));

  const Outcome other = run(job.command({"--eta", "0.5"}));
  EXPECT_EQ(other.code, 2);
  EXPECT_EQ(other.err, "histoloom: " + job.work().string() +
                           ": holds another job (eta is 0.5, was 0.0); give the options of that "
                           "job, or start over with --force and without --resume\n");
  job.expect_resumes({});
  EXPECT_EQ(read_page(labels, 0).pixels.size(), 256u * 300u);
  EXPECT_EQ(json_in(job / "s.json")["coverage"]["steps"].size(), std::size_t{kSteps});

  // It is done: files that are there belong to somebody again.
  const Outcome again = run(job.command());
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.err, "histoloom: -o " + job.out().string() +
                           ": exists; give another name, or --force to replace it\n");
  EXPECT_TRUE(bytes_of(job.out()) == job.expected());
}

TEST(Killed, AndResumedUnderOtherNamesReplacesNoFileThatIsNotItsOwn) {
  StoppedJob job(kJob);
  const auto first = job.out(), precious = job / "precious.svs", labels = job / "precious.tif";
  job.put_work(job / "work");
  ASSERT_TRUE(job.kill_at_step(1));
  for (const auto& file : {precious, labels}) write_bytes(file, "years of work");
  const Arguments named = plus(kJob, {"--work", job.work().string()});
  const auto refused = [&](const std::filesystem::path& out, const Arguments& more,
                           const std::string& what) {
    const Outcome outcome = run(generate(out, plus(named, more)));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
              "histoloom: " + what + ": exists; give another name, or --force to replace it\n");
  };
  refused(precious, {}, "-o " + precious.string());
  refused(precious, {"--resume"}, "-o " + precious.string());
  refused(first, {"--mask-out", labels.string()}, "--mask-out " + labels.string());
  EXPECT_EQ(bytes_of(precious) + bytes_of(labels), "years of workyears of work");
  const Outcome resumed = run(generate(job / "b.svs", named));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

TEST(TwoProcesses, DontWorkInOneDirectory) {
  StoppedJob job(kJob);
  Process process(job.command());
  ASSERT_TRUE(process.hold_at(job.at_step(1)));
  for (const Arguments& how : {Arguments{}, Arguments{"--resume"}, Arguments{"--force"}}) {
    const Outcome second =
        run(generate(job / "other.svs", plus(plus(kJob, {"--work", job.work().string()}), how)));
    EXPECT_EQ(second.code, 2);
    EXPECT_EQ(second.err, "histoloom: " + job.work().string() +
                              ": another process is working in it; wait for it, or give another "
                              "--work\n");
  }
  process.send(SIGKILL);
  ASSERT_EQ(process.wait().code, 128 + SIGKILL);
  job.expect_resumes();
}

TEST(TwoProcesses, DontMakeOneSlide) {
  StoppedJob job(kJob);
  Process process(job.command());
  ASSERT_TRUE(process.hold_at(job.at_step(1)));
  for (const Arguments& how : {Arguments{}, Arguments{"--force"}, Arguments{"--dry-run"}}) {
    const Outcome second = run(job.command(plus(how, {"--work", (job / "other").string()})));
    EXPECT_EQ(second.code, 2);
    EXPECT_EQ(second.err, "histoloom: " + job.out().string() + ": another process is writing it (" +
                              (job / ".s.svs.partial").string() + " is locked)\n");
  }
  EXPECT_FALSE(std::filesystem::exists(job / "other"));
  process.send(SIGCONT);
  EXPECT_EQ(process.wait().code, 0);
  EXPECT_TRUE(bytes_of(job.out()) == job.expected());
}

// Of OUT and of what lies beside it.
TEST(FileOfAnotherProgram, IsNotReplacedWhereItComesWhileTheJobRuns) {
  StoppedJob job(kJob);
  job.add({"--mask-out", (job / "labels.tif").string()});
  for (const char* name : {"s.svs", "labels.tif"}) {
    SCOPED_TRACE(name);
    const auto file = job / name;
    const Outcome stopped =
        job.meet_at(job.at_step(2), [&] { write_bytes(file, "years of work"); });
    EXPECT_EQ(stopped.code, 1);
    EXPECT_EQ(stopped.err,
              fmt::format("histoloom: {} {}: another program has made it since the job began; move "
                          "it away, and the same command with --resume goes on\n",
                          file.extension() == ".tif" ? "--mask-out" : "-o", file.string()));
    EXPECT_EQ(bytes_of(file), "years of work");
    const Outcome again = run(job.command({"--resume"}));
    EXPECT_EQ(again.code, 2);
    EXPECT_THAT(again.err,
                testing::EndsWith("exists; give another name, or --force to replace it\n"));
    EXPECT_EQ(bytes_of(file), "years of work");
    std::filesystem::remove(file);
    if (file != job.out()) break;
    std::filesystem::remove_all(job.work());  // once more from the start
  }
  job.expect_resumes();
}

TEST(Killed, WithTheLatentsOfAnotherJobIsRefused) {
  StoppedJob job(kJob);
  ASSERT_TRUE(job.kill_at_step(3));
  Arguments other = kJob;
  other[5] = "3";
  const auto work = job / "other.svs.work";
  Process process(generate(job / "other.svs", other));
  ASSERT_TRUE(process.hold_at([&] { return committed_steps(work) >= 3; }));
  process.send(SIGKILL);
  process.wait();
  std::filesystem::remove_all(job.work() / "latents");
  std::filesystem::copy(work / "latents", job.work() / "latents",
                        std::filesystem::copy_options::recursive);
  const Outcome refused = run(job.command({"--resume"}));
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err, "histoloom: " + (job.work() / "latents/0/.checksums.json").string() +
                             ": is of another job, or of another array; start over with --force "
                             "and without --resume\n");
  EXPECT_FALSE(std::filesystem::exists(job.out()));
}

TEST(Killed, CanStartOverWithForce) {
  StoppedJob job(kJob);
  ASSERT_TRUE(job.kill_at_step(1));
  const Outcome forced = run(generate(job.out(), {"--size", "64x64", "--steps", "1", "--force"}));
  EXPECT_EQ(forced.code, 0) << forced.err;
  EXPECT_THAT(job.folder().listing(), ElementsAre("s.svs", "s.svs.manifest.json"));
}

// A job is stopped as soon as `there`, says so, and resumes to the bytes of an unbroken run.
void expect_stopped(StoppedJob& job, int signal, const std::function<bool()>& there,
                    const std::string& says) {
  Process process(job.command());
  ASSERT_TRUE(process.hold_at(there)) << process.wait().err;
  process.send(signal);
  process.send(SIGCONT);
  const Outcome stopped = process.wait();
  EXPECT_EQ(stopped.code, 130);
  EXPECT_THAT(stopped.err,
              testing::MatchesRegex("histoloom: " + says +
                                    "; the same command with --resume goes on from there\n"));
  EXPECT_FALSE(std::filesystem::exists(job.out()));
  EXPECT_EQ(job.expect_resumes().err, "");
}

TEST(OnlyCrop, LooksAtACropOfTheNextStepAndWritesNothing) {
  StoppedJob job(kJob);
  ASSERT_TRUE(job.kill_at_step(3));
  const int steps = committed_steps(job.work());
  const std::string state = bytes_of(job.work() / "state.json");
  const std::vector<std::string> before = job.folder().listing();
  const Outcome looked = run(job.command({"--only-crop", fmt::format("{},9,9", steps + 1)}));
  EXPECT_EQ(looked.code, 0) << looked.err;
  EXPECT_THAT(looked.out, testing::StartsWith("crop         number "));
  EXPECT_THAT(looked.out, testing::HasSubstr("0 of 16384 not finite\n"));
  EXPECT_EQ(bytes_of(job.work() / "state.json"), state);
  EXPECT_EQ(job.folder().listing(), before);
  const Outcome other = run(job.command({"--only-crop", fmt::format("{},9,9", steps + 2)}));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, testing::HasSubstr("--only-crop: the work directory '"));
  job.expect_resumes();
}

TEST(Verbose, LogsStagesAndDecisionsOnStderr) {
  const Folder folder;
  Arguments arguments = generate(folder / "s.svs", kJob);
  arguments.push_back("--verbose");
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.code, 0);
  for (const char* what :
       {"histoloom 0.1.0 generate", "checked: ", "job {\"version\"",
        "painting latents: ", "decoding and writing: done in ", "ends with exit code 0"})
    EXPECT_THAT(outcome.err, testing::HasSubstr(what));
}

TEST(Interrupted, ByTheUserSaysHowToGoOnAndDoes) {
  StoppedJob job(kJob);
  expect_stopped(job, SIGINT, job.at_step(2),
                 fmt::format("stopped while painting latents, in step [0-9]+ of {}", kSteps));
}

TEST(Interrupted, WhileDecodingSaysHowToGoOnAndDoes) {
  StoppedJob job(kTall);
  for (const int signal : {SIGINT, SIGTERM}) {
    SCOPED_TRACE(signal);
    expect_stopped(job, signal, job.decoding(), "stopped while decoding");
    for (const std::string& made : job.folder().files()) std::filesystem::remove(job / made);
  }
}

TEST(Interrupted, WhileWritingLabelsSaysHowToGoOnAndDoes) {
  signal(SIGHUP, SIG_DFL);  // not as nohup leaves it
  // Little to paint and much to write.
  StoppedJob job(
      {"--size", "512x40000", "--steps", "1", "--layout", "tissue", "--tissue-fraction", "0.01"});
  job.add({"--mask-out", (job / "labels.tif").string()});
  expect_stopped(
      job, SIGHUP, [&] { return std::filesystem::exists(job / ".labels.tif.partial"); },
      "interrupted while writing labels");
}

// Whether the program has a handler for a signal by now.
bool catches(pid_t process, int signal) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("SigCgt:"))
      return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) != 0;
  return false;
}

TEST(Interrupted, BeforeAnyWorkSaysSoAndLeavesNothing) {
  signal(SIGHUP, SIG_DFL);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const Folder folder;
    Process process(generate(folder / "s.svs", {"--size", "2048x2048"}));
    ASSERT_TRUE(process.hold_at([&] { return catches(process.id(), number); }));
    process.send(number);
    process.send(SIGCONT);
    const Outcome stopped = process.wait();
    EXPECT_EQ(stopped.code, 130) << number;
    EXPECT_EQ(stopped.err, "histoloom: interrupted before any work\n");
    EXPECT_THAT(folder.listing(), testing::IsEmpty());
  }
}

// As a terminal that is closed does to what nohup started.
TEST(Interrupted, NotByAHangUpThatIsIgnored) {
  signal(SIGHUP, SIG_IGN);
  StoppedJob job(kJob);
  Process process(job.command());
  ASSERT_TRUE(process.hold_at(job.at_step(2)));
  process.send(SIGHUP);
  process.send(SIGCONT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(bytes_of(job.out()) == job.expected());
  signal(SIGHUP, SIG_DFL);
}

// Signals at random moments of one job, of which some let it say goodbye. It goes on after each and
// ends in the same bytes. HISTOLOOM_SEED repeats a run.
void expect_survives_signals(StoppedJob& job, double whole_seconds, int signals) {
  const char* given = std::getenv("HISTOLOOM_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
  std::printf("HISTOLOOM_SEED=%u\n", seed);
  std::mt19937 random(seed);
  constexpr int kSignals[] = {SIGKILL, SIGKILL, SIGTERM, SIGINT, SIGHUP};
  const auto begun = [&job] { return std::filesystem::exists(job.work() / "job.json"); };
  const auto start_over = [&job] {
    EXPECT_TRUE(bytes_of(job.out()) == job.expected());
    for (const auto& left : std::filesystem::directory_iterator(job.folder().path()))
      std::filesystem::remove_all(left);
  };
  for (int sent = 0; sent < signals;) {
    const std::string threads = std::to_string(1 + random() % 3);
    const int signal = kSignals[random() % std::size(kSignals)];
    Process process(job.command({"--threads", threads, begun() ? "--resume" : "--force"}));
    // Before main() nobody hears a signal.
    ASSERT_TRUE(process.hold_at([&] { return catches(process.id(), SIGHUP); }));
    process.send(SIGCONT);
    const double after = whole_seconds * static_cast<double>(random() % 1000) / 1000;
    std::this_thread::sleep_for(std::chrono::duration<double>(after));
    process.send(signal);
    const Outcome outcome = process.wait();
    ASSERT_TRUE(outcome.code == 0 || outcome.code == 130 || outcome.code == 128 + SIGKILL)
        << outcome.code << ' ' << outcome.err;
    if (outcome.code == 0) start_over();
    ++sent;
  }
  job.expect_resumes({begun() ? "--resume" : "--force"});
}

TEST(Long, DISABLED_FiftySignalsAtRandomMomentsOfASlideEndInTheSameBytes) {
  signal(SIGHUP, SIG_DFL);
  const auto begin = std::chrono::steady_clock::now();
  StoppedJob job({"--size", "1024x1500", "--steps", "12", "--seed", "3", "--layout", "biopsy"});
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  job.add({"--mask-out", (job / "labels.tif").string(), "--annotations",
           (job / "labels.geojson").string(), "--thumbnail", (job / "s.png").string(), "--report",
           (job / "s.json").string()});
  expect_survives_signals(job, whole.count(), 50);
}

TEST(Long, DISABLED_FiftySignalsAtRandomMomentsOfAnInpaintingEndInTheSameBytes) {
  signal(SIGHUP, SIG_DFL);
  const Folder folder;
  ASSERT_EQ(run(generate(folder / "slide.svs", {"--size", "512x512", "--steps", "1"})).code, 0);
  const auto begin = std::chrono::steady_clock::now();
  StoppedJob job({"--inpaint", (folder / "slide.svs").string(), "--region", "100,100,256,256",
                  "--steps", "20"});
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  expect_survives_signals(job, whole.count(), 50);
}

}  // namespace
}  // namespace histoloom::test
