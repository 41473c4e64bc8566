// What a run tells on its way: on a terminal, in a log and to a script.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A slide whose labels are painted, too, in a few seconds.
const Arguments kPainted{"--size", "512x512", "--steps", "4", "--seed", "1", "--layout", "full"};

// A command that tells of its progress.
Arguments loud(Arguments command) {
  std::erase(command, "--quiet");
  return command;
}

Arguments loud(const std::filesystem::path& out, const Arguments& arguments) {
  return loud(generate(out, arguments));
}

struct OnTerminal {
  int code = -1;
  double seconds = 0;
  std::string text;  // without the carriage returns that a terminal puts before line feeds
};

std::string read_all(int terminal) {
  std::string text;
  std::array<char, 4096> buffer{};
  // A terminal ends with an error once nobody has its other side.
  for (ssize_t n = 0; (n = read(terminal, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

// Runs the program with a terminal of so many columns as its standard error.
OnTerminal run_on_terminal(const Arguments& arguments, int columns) {
  OnTerminal out;
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) return out;
  const int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  if (side < 0) return out;
  const winsize size{
      .ws_row = 24, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  EXPECT_EQ(ioctl(terminal, TIOCSWINSZ, &size), 0);
  const int nothing = open("/dev/null", O_RDWR);
  Arguments all{HISTOLOOM_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(side, STDERR_FILENO);
    close(side);
    close(terminal);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(side);
  close(nothing);
  out.text = read_all(terminal);
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

// What was ever shown on a line, in its order, without the codes that clear lines.
std::vector<std::string> shown(const std::string& text) {
  std::vector<std::string> out;
  std::string line;
  for (const char c : text + "\n") {
    if (c != '\r' && c != '\n') {
      line += c;
      continue;
    }
    if (const auto code = line.find("\033[K"); code != std::string::npos) line.erase(code, 3);
    if (!line.empty()) out.push_back(line);
    line.clear();
  }
  return out;
}

std::vector<nlohmann::json> objects_of(const std::string& text) {
  std::vector<nlohmann::json> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(nlohmann::json::parse(line));
  return out;
}

// The stages that started, in their order; each of them ended with all its units done.
std::vector<std::string> stages_of(const std::vector<nlohmann::json>& objects) {
  std::vector<std::string> started, ended;
  for (const nlohmann::json& object : objects) {
    if (object.at("event") == "start") started.push_back(object.at("stage").get<std::string>());
    if (object.at("event") != "end") continue;
    ended.push_back(object.at("stage").get<std::string>());
    EXPECT_EQ(object.at("done"), object.at("total")) << object;
  }
  EXPECT_EQ(started, ended);
  return started;
}

TEST(ProgressOnATerminal, FitsItsWidthAndEndsAtAHundredPerCent) {
  for (const int columns : {30, 57, 120}) {
    SCOPED_TRACE(columns);
    const Folder folder;
    const OnTerminal told = run_on_terminal(loud(folder / "s.svs", kPainted), columns);
    if (told.code < 0 && told.text.empty()) GTEST_SKIP() << "the system gives no terminal";
    ASSERT_EQ(told.code, 0) << told.text;
    const std::vector<std::string> lines = shown(told.text);
    ASSERT_FALSE(lines.empty());
    for (const std::string& line : lines) EXPECT_LT(std::ssize(line), columns) << line;
    EXPECT_THAT(lines.back(), HasSubstr("decoding and writing"));
    EXPECT_THAT(lines.back(), HasSubstr("100 %"));
    EXPECT_TRUE(told.text.ends_with('\n'));
    const auto whole = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("100 %") != std::string::npos;
    });
    EXPECT_EQ(whole, 1) << told.text;
  }
}

TEST(ProgressOnATerminal, TakesTheEnvironmentsColumnsElseEightyIfItSaysNoWidth) {
  for (const char* columns : {"50", ""}) {
    SCOPED_TRACE(columns);
    const Folder folder;
    setenv("COLUMNS", columns, 1);
    const OnTerminal told =
        run_on_terminal(loud(folder / "s.svs", {"--size", "64x64", "--steps", "1"}), 0);
    unsetenv("COLUMNS");
    if (told.code < 0 && told.text.empty()) GTEST_SKIP() << "the system gives no terminal";
    ASSERT_EQ(told.code, 0) << told.text;
    const std::int64_t width = *columns != '\0' ? 50 : 80;
    std::int64_t longest = 0;
    for (const std::string& line : shown(told.text)) longest = std::max(longest, std::ssize(line));
    EXPECT_LT(longest, width) << told.text;
    EXPECT_GT(longest, width / 2) << told.text;
  }
}

TEST(ProgressOnATerminal, IsRewrittenAtMostTwiceASecond) {
  const Folder folder;
  const OnTerminal told = run_on_terminal(loud(folder / "s.svs", kPainted), 100);
  if (told.code < 0 && told.text.empty()) GTEST_SKIP() << "the system gives no terminal";
  ASSERT_EQ(told.code, 0) << told.text;
  const auto rewrites = std::count(told.text.begin(), told.text.end(), '\r');
  // Three stages start and end.
  EXPECT_LE(static_cast<double>(rewrites), 2 * told.seconds + 6) << told.text;
}

TEST(ProgressOnATerminal, IsPlainLinesIfTheyAreAskedFor) {
  const Folder folder;
  const OnTerminal told = run_on_terminal(
      loud(folder / "s.svs", plus({"--size", "64x64", "--steps", "1"}, {"--progress", "plain"})),
      80);
  if (told.code < 0 && told.text.empty()) GTEST_SKIP() << "the system gives no terminal";
  ASSERT_EQ(told.code, 0) << told.text;
  EXPECT_EQ(told.text.find('\r'), std::string::npos);
  EXPECT_THAT(told.text, HasSubstr("painting latents       100 %"));
}

TEST(Progress, NamesThePaintingOfLabelsThenThatOfLatents) {
  const Folder folder;
  const Outcome outcome = run(loud(folder / "s.svs", kPainted));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> lines = shown(outcome.err);
  std::vector<std::string> names;
  for (const std::string& line : lines) {
    if (line.find("100 %") == std::string::npos) continue;
    names.push_back(line.substr(0, line.find("  ")));
  }
  EXPECT_THAT(names, ElementsAre("painting labels", "painting latents", "decoding and writing"));
}

TEST(JsonProgress, TellsEveryStageOfASlideAndItsShareOfTheJob) {
  const Folder folder;
  const Outcome outcome =
      run(loud(folder / "s.svs",
               plus(kPainted, {"--progress", "json", "--mask-out", (folder / "l.tif").string(),
                               "--annotations", (folder / "l.geojson").string()})));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, (folder / "s.svs").string() + "\n");
  const auto objects = objects_of(outcome.err);
  EXPECT_THAT(stages_of(objects),
              ElementsAre("painting labels", "painting latents", "decoding and writing",
                          "writing labels", "tracing labels"));
  double share = 0, end = 0;
  for (const nlohmann::json& object : objects) {
    EXPECT_GE(object.at("share").get<double>(), share) << object;
    share = object.at("share").get<double>();
    if (object.at("event") != "end") continue;
    EXPECT_GT(share, end) << "not expected: " << object;
    end = share;
  }
  EXPECT_EQ(share, 1);
  EXPECT_EQ(objects.back().at("seconds_left"), 0);
  EXPECT_EQ(objects.front().at("event"), "start");
  EXPECT_TRUE(objects.front().at("seconds_left").is_null());
  EXPECT_LE(static_cast<double>(objects.size()),
            2 * objects.back().at("seconds").get<double>() + 3 * 5);
}

TEST(JsonProgress, OfAResumedJobStartsFromWhatIsDone) {
  StoppedJob job(kJob);
  ASSERT_TRUE(job.kill_at_step(3));
  const Outcome outcome = run(loud(job.command({"--resume", "--progress", "json"})));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto objects = objects_of(outcome.err);
  EXPECT_THAT(stages_of(objects),
              ElementsAre("painting labels", "painting latents", "decoding and writing"));
  const auto first = std::find_if(objects.begin(), objects.end(), [](const nlohmann::json& object) {
    return object.at("stage") == "painting latents" && object.at("event") != "start";
  });
  ASSERT_NE(first, objects.end());
  EXPECT_GE(kSteps * first->at("done").get<std::int64_t>(),
            3 * first->at("total").get<std::int64_t>());
  EXPECT_EQ(objects.back().at("share"), 1);
}

TEST(JsonProgress, TellsTheStagesOfInpainting) {
  const Folder folder;
  ASSERT_EQ(run(generate(folder / "a.svs", {"--size", "512x512", "--steps", "1"})).code, 0);
  const Outcome outcome =
      run(loud(folder / "b.svs", {"--inpaint", (folder / "a.svs").string(), "--region",
                                  "128,128,128,128", "--steps", "2", "--progress", "json"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto objects = objects_of(outcome.err);
  EXPECT_THAT(stages_of(objects),
              ElementsAre("encoding", "painting latents", "decoding and writing"));
  EXPECT_EQ(objects.back().at("share"), 1);
}

TEST(JsonProgress, TellsTheStagesOfMaskAndPyramid) {
  const Folder folder;
  const std::string labels = (folder / "l.tif").string();
  const Outcome painted = run(loud(mask(labels, {"--size", "512x512", "--progress", "json"})));
  ASSERT_EQ(painted.code, 0) << painted.err;
  const auto of_mask = objects_of(painted.err);
  EXPECT_THAT(stages_of(of_mask), ElementsAre("painting labels", "writing labels"));
  EXPECT_EQ(of_mask.back().at("share"), 1);

  const Outcome pyramid =
      run({"pyramid", labels, "-o", (folder / "p.tif").string(), "--labels", "--progress", "json"});
  ASSERT_EQ(pyramid.code, 0) << pyramid.err;
  std::vector<nlohmann::json> of_pyramid = objects_of(pyramid.err);
  std::erase_if(of_pyramid,
                [](const nlohmann::json& object) { return object.at("event") == "warning"; });
  EXPECT_THAT(stages_of(of_pyramid), ElementsAre("writing"));
  EXPECT_EQ(of_pyramid.back().at("share"), 1);
}

TEST(JsonProgress, HasTheLogOfVerboseAsObjects) {
  const Folder folder;
  const Outcome outcome = run(loud(
      folder / "s.svs", {"--size", "64x64", "--steps", "1", "--progress", "json", "--verbose"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto objects = objects_of(outcome.err);
  EXPECT_EQ(objects.front().at("event"), "log");
  EXPECT_EQ(objects.front().at("message"), "histoloom 0.1.0 generate");
}

TEST(NoProgress, IsSaidByNoneAsByQuiet) {
  const Folder folder;
  const Outcome outcome =
      run(loud(folder / "s.svs", {"--size", "64x64", "--steps", "1", "--progress", "none"}));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST(ProgressOption, RefusesWhatItDoesNotKnow) {
  const Folder folder;
  const Outcome loudly = run(loud(folder / "s.svs", {"--progress", "loud"}));
  EXPECT_EQ(loudly.code, 2);
  EXPECT_THAT(loudly.err, HasSubstr("--progress"));
  const Outcome both = run(generate(folder / "s.svs", {"--progress", "json"}));
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, HasSubstr("--quiet excludes --progress"));
  EXPECT_THAT(folder.listing(), testing::IsEmpty());
}

TEST(DryRunAsJson, SaysWhatASlideWillTake) {
  const Folder folder;
  const auto report = folder / "report.json";
  const Outcome dry = run(generate(folder / "s.svs", plus(kPainted, {"--dry-run", "--json"})));
  ASSERT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(folder.listing(), testing::IsEmpty());
  const auto forecast = nlohmann::json::parse(dry.out);
  ASSERT_EQ(run(generate(folder / "s.svs", plus(kPainted, {"--report", report.string()}))).code, 0);
  const auto done = json_in(report);
  for (const char* key : {"width", "height", "levels", "tissue_fraction"})
    EXPECT_EQ(forecast.at("slide").at(key), done.at("slide").at(key)) << key;
  EXPECT_GT(forecast.at("slide").at("tiles"), 0);
  for (const char* network : {"denoiser", "mask_denoiser"}) {
    const double told = forecast.at(network).at("evaluations"),
                 evaluations = done.at(network).at("evaluations");
    EXPECT_NEAR(told, evaluations, 0.1 * evaluations) << network;
    EXPECT_EQ(forecast.at(network).at("gflop_per_evaluation"),
              done.at(network).at("gflop_per_evaluation"));
  }
  EXPECT_EQ(forecast.at("autoencoder").at("decodes"), done.at("autoencoder").at("decodes"));
  EXPECT_EQ(forecast.at("steps"), 4);
  EXPECT_EQ(forecast.at("threads"), done.at("threads"));
  EXPECT_EQ(forecast.at("dtype"), done.at("dtype"));
  EXPECT_GT(forecast.at("seconds").get<double>(), 0);
  for (const char* key : {"latents_bytes", "slide_bytes"})
    EXPECT_GT(forecast.at("disk").at(key).get<std::int64_t>(), 0) << key;
  for (const char* key : {"working_bytes", "cache_bytes"})
    EXPECT_GT(forecast.at("memory").at(key).get<std::int64_t>(), 0) << key;
}

TEST(DryRunAsJson, SaysWhatInpaintingWillTake) {
  const Folder folder;
  const auto slide = folder / "a.svs";
  ASSERT_EQ(run(generate(slide, {"--size", "512x512", "--steps", "1", "--layout", "full"})).code,
            0);
  const Outcome dry =
      run(generate(folder / "b.svs", {"--inpaint", slide.string(), "--region", "128,96,160,64",
                                      "--steps", "2", "--dry-run", "--json"}));
  ASSERT_EQ(dry.code, 0) << dry.err;
  const auto forecast = nlohmann::json::parse(dry.out);
  EXPECT_EQ(forecast.at("slide"), nlohmann::json({{"width", 512}, {"height", 512}}));
  EXPECT_EQ(forecast.at("inpaint").at("region"), nlohmann::json({128, 96, 160, 64}));
  EXPECT_EQ(forecast.at("inpaint").at("written").size(), 4u);
  EXPECT_GE(forecast.at("inpaint").at("painted_cells"), 20 * 8);
  EXPECT_GT(forecast.at("inpaint").at("kept_cells"), 0);
  EXPECT_GT(forecast.at("denoiser").at("evaluations"), 0);
  EXPECT_TRUE(forecast.at("mask_denoiser").is_null());
  EXPECT_EQ(forecast.at("disk").at("slide_bytes"), std::filesystem::file_size(slide));
}

TEST(DryRunAsJson, NeedsADryRun) {
  const Folder folder;
  const Outcome outcome = run(generate(folder / "s.svs", {"--json"}));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--json requires --dry-run"));
}

}  // namespace
}  // namespace histoloom::test
