#include "work.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "canvas_files.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/resumable.h"
#include "histoloom/core/sha256.h"
#include "histoloom/networks/cpu_kind.h"
#include "histoloom/store/start_over.h"
#include "job_json.h"
#include "outputs.h"
#include "state_file.h"

namespace histoloom {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
  throw UserError(fmt::format("{}: {}; {}", file.string(), what, kStartOver));
}

json parse(const fs::path& file) {
  const json value = json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) refuse(file, "is damaged");
  return value;
}

// The first setting, in the job's own order, in which it differs from another: "seed is 1, was 2".
std::string difference(const std::string& job, const json& before) {
  const auto now = nlohmann::ordered_json::parse(job);
  for (const auto& [key, item] : now.items()) {
    const json value(item);
    if (!before.contains(key) || before[key] != value)
      return fmt::format("{} is {}, was {}", key, value.dump(),
                         before.contains(key) ? before[key].dump() : "missing");
  }
  return "it has other settings";
}

constexpr const char* kCpuKinds = "cpu_kinds";

json without(json job, const char* key) {
  job.erase(key);
  return job;
}

std::vector<std::string> cpu_kinds_in(const json& job, const fs::path& file) {
  try {
    auto kinds = job.at(kCpuKinds).get<std::vector<std::string>>();
    if (!kinds.empty()) return kinds;
  } catch (const json::exception&) {
    // Said below.
  }
  refuse(file, "is damaged");
}

bool holds(const std::vector<std::string>& kinds, const std::string& kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

constexpr const char* kLock = "lock";
constexpr const char* kStagesDirectory = "stages";

bool is_state(const fs::path& file) {
  try {
    read_state_file(file, kAnySteps);
    return true;
  } catch (const UserError&) {
    return false;
  }
}

// Whether a directory holds only what a kill leaves if there is no job.json yet, or no more.
bool is_left_without_job(const fs::path& directory) {
  std::set<std::string> ours = {"job.json.tmp", kLock};
  if (is_state(directory / "state.json")) ours.insert("state.json");
  return holds_only(directory, ours);
}

// What a job has in its directory, besides its canvases. The lock, which keeps others out, goes
// last.
constexpr std::array kJobFiles = {"state.json.tmp",
                                  "slide.checkpoint.tmp",
                                  "slide.checkpoint",
                                  "job.json.tmp",
                                  "job.json",
                                  "state.json",
                                  kLock};

}  // namespace

ResumeDecision decide_resume(const WorkSpec& work, bool force) {
  const fs::path state = work.directory / "state.json";
  const bool there = file_exists(work.directory / "job.json");
  const bool resume = work.resume || (there && work.named && !force);
  if (force) return {resume, true};
  if (!resume || !there || !file_exists(state)) return {resume, false};
  return {resume, Replaceable(read_state_file(state, kAnySteps).outputs)};
}

ResumeDecision checked_resume(const GenerateSpec& spec) {
  ResumeDecision decision = decide_resume(spec.work, spec.force);
  check_outputs(spec, decision.replace);
  return decision;
}

WorkDirectory::WorkDirectory(const WorkSpec& work, bool resume, bool force, std::string job_json,
                             std::string cpu_kind, std::size_t stages)
    : path_(work.directory),
      named_(work.named),
      resume_(resume),
      other_cpu_(work.other_cpu),
      job_json_(std::move(job_json)),
      cpu_kind_(std::move(cpu_kind)),
      cpu_kinds_{cpu_kind_},
      stages_(stages) {
  if (file_exists(path_ / kLock)) take_lock();
  const bool there = file_exists(path_ / "job.json");
  if (resume_ && !there)
    throw UserError(
        fmt::format("{}: holds no unfinished job to resume; leave --resume out", path_.string()));
  if (!there && file_exists(path_) && !is_left_without_job(path_))
    throw UserError(
        fmt::format("{}: is in the way and not a work directory of ours; give --work "
                    "DIR or remove it",
                    path_.string()));
  if (!there) return;
  if (!resume_) {
    if (force) {
      check_canvases();
      return;
    }
    throw UserError(
        fmt::format("{}: holds an unfinished job; continue it with --resume or start "
                    "over with --force",
                    path_.string()));
  }
  check_resumed_job();
  if (file_exists(path_ / "state.json")) read_state();
  check_canvases();
}

void WorkDirectory::check_resumed_job() {
  const fs::path file = path_ / "job.json";
  const json stored = parse(file), before = without(stored, kCpuKinds),
             now = json::parse(job_json_);
  cpu_kinds_ = cpu_kinds_in(stored, file);
  // Another kind may be why the type of numbers is another, too.
  if (!holds(cpu_kinds_, cpu_kind_) && !other_cpu_ &&
      without(before, "dtype") == without(now, "dtype"))
    refuse_cpu_kind();
  if (before != now)
    throw UserError(fmt::format("{}: holds another job ({}); give the options of that job, or {}",
                                path_.string(), difference(job_json_, before), kStartOver));
  if (cpu_kinds_.back() != cpu_kind_) cpu_kinds_.push_back(cpu_kind_);
}

void WorkDirectory::refuse_cpu_kind() const {
  const std::vector<std::string> usable = usable_cpu_kinds();
  const auto kind = std::find_if(cpu_kinds_.begin(), cpu_kinds_.end(),
                                 [&](const auto& k) { return holds(usable, k); });
  const bool here = kind != cpu_kinds_.end();
  throw UserError(fmt::format(
      "{}: was begun with the kernels of {}, this run's are {}; {}, or accept other rounding with "
      "--allow-other-cpu{}",
      path_.string(), fmt::join(cpu_kinds_, ", then "), cpu_kind_,
      here ? fmt::format("give --cpu-kind {}", *kind) : "go on there",
      here ? "" : " (--cpu-kind pins a kind that all your CPUs have)"));
}

// Canvases of which nothing is committed are made anew, and must hold nothing of anybody else.
void WorkDirectory::check_canvases() const {
  const auto check = [](const fs::path& directory) {
    if (!holds_only_canvas(directory))
      throw UserError(
          fmt::format("{}: holds what no job of ours has written; move it away, or give another "
                      "--work",
                      directory.string()));
  };
  if (painted_labels_ == PaintedPart{}) check(mask());
  if (painted_ == PaintedPart{}) check(latents());
  for (std::size_t i = 0; i < stages_.size(); ++i)
    if (stages_[i] == StageState{}) check(stage_directory(i));
}

void WorkDirectory::read_state() {
  const int steps = json::parse(job_json_).value("steps", 0);
  JobState state = read_state_file(path_ / "state.json", steps);
  painted_labels_ = state.painted_labels;
  painted_ = state.painted;
  if (!state.stages.empty() && state.stages.size() != stages_.size())
    refuse(path_ / "state.json", fmt::format("counts {} coarser stages, of a job of {}",
                                             state.stages.size(), stages_.size()));
  if (!state.stages.empty()) stages_ = std::move(state.stages);
  account_ = std::move(state.account);
  outputs_ = std::move(state.outputs);
  slide_ = state.slide;
}

void WorkDirectory::open() {
  std::error_code code;
  fs::create_directories(path_, code);
  if (code) throw UserError(fmt::format("{}: can't be made: {}", path_.string(), code.message()));
  if (!lock_) take_lock();
  const bool no_stage = stages_ == std::vector<StageState>(stages_.size());
  const bool nothing_done =
      painted_ == PaintedPart{} && painted_labels_ == PaintedPart{} && no_stage;
  if (nothing_done) {
    cpu_kinds_ = {cpu_kind_};
    // Remove what an earlier job left, and nothing else: the user may have named a directory that
    // holds more. In this order a kill leaves a directory of ours and no state without latents.
    fs::remove(path_ / "state.json", code);
    fs::remove(checkpoint(), code);
    // Without it there is nothing to resume.
    run_from_start([this] { write_job(); });
  } else if (cpu_kinds_.size() > 1) {
    write_job();
  }
  if (painted_labels_ == PaintedPart{}) renew(mask());
  if (painted_ == PaintedPart{}) renew(latents());
  renew_stages();
  write_state(account_);
}

void WorkDirectory::write_job() const {
  auto job = nlohmann::ordered_json::parse(job_json_);
  job[kCpuKinds] = cpu_kinds_;
  replace_file(path_ / "job.json", text_of(job));
}

std::string WorkDirectory::job_sha256() const { return Sha256().add_part(job_json_).hex(); }

void WorkDirectory::note_outputs(const std::set<std::string>& outputs,
                                 std::optional<FileMark> slide, const Account& account) {
  outputs_.insert(outputs.begin(), outputs.end());
  slide_ = slide;
  write_state(account);
}

bool WorkDirectory::has_named_slide(const fs::path& out) const {
  return slide_ && mark_of(out) == slide_;
}

void WorkDirectory::take_lock() {
  std::optional<FileLock> lock = FileLock::take(path_ / kLock);
  if (!lock)
    throw UserError(
        fmt::format("{}: another process is working in it; wait for it, or give another --work",
                    path_.string()));
  lock_.emplace(std::move(*lock));
}

void WorkDirectory::renew(const fs::path& directory) const {
  std::error_code code;
  remove_canvas(directory);
  fs::create_directory(directory, code);
  if (code)
    throw UserError(fmt::format("{}: can't be made: {}", directory.string(), code.message()));
}

fs::path WorkDirectory::stage_directory(std::size_t index) const {
  return path_ / kStagesDirectory / std::to_string(index);
}

void WorkDirectory::renew_stages() const {
  if (stages_.empty()) return;
  std::error_code code;
  fs::create_directory(path_ / kStagesDirectory, code);
  for (std::size_t i = 0; i < stages_.size(); ++i)
    if (stages_[i] == StageState{}) renew(stage_directory(i));
}

void WorkDirectory::remove_stages() const {
  std::error_code code;
  for (std::size_t i = 0; i < stages_.size(); ++i) remove_canvas(stage_directory(i));
  if (!stages_.empty()) fs::remove(path_ / kStagesDirectory, code);
}

StageState WorkDirectory::stage(std::size_t index) const { return stages_.at(index); }

void WorkDirectory::commit_stage(std::size_t index, StageState state, const Account& account) {
  stages_.at(index) = state;
  write_state(account);
}

void WorkDirectory::commit(PaintedPart part, const Account& account) {
  painted_ = part;
  write_state(account);
}

void WorkDirectory::commit_labels(PaintedPart part, const Account& account) {
  painted_labels_ = part;
  write_state(account);
}

void WorkDirectory::write_state(const Account& account) const {
  write_state_file(path_ / "state.json",
                   {painted_labels_, stages_, painted_, account, outputs_, slide_});
}

fs::path WorkDirectory::checkpoint() const { return path_ / "slide.checkpoint"; }

void WorkDirectory::finish() {
  if (named_) {
    JobState state = read_state_file(path_ / "state.json", kAnySteps);
    state.outputs.clear();
    state.slide.reset();
    write_state_file(path_ / "state.json", state);
    return;
  }
  // The canvases, which take long, go first: a resume still knows that nothing else is left to do.
  // What others have put there stays, and the directory with it.
  std::error_code code;
  remove_canvas(mask());
  remove_stages();
  remove_canvas(latents());
  for (const char* file : kJobFiles) fs::remove(path_ / file, code);
  fs::remove(path_, code);
}

}  // namespace histoloom
