#include "work.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "histoloom/core/checksum.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/store/start_over.h"
#include "outputs.h"
#include "resumable.h"

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

// The part of `all` steps that state.json counts in "PREFIX_steps" and "PREFIX_crops".
PaintedPart part_of(const json& state, const std::string& prefix, int all, const fs::path& file) {
  const auto count = [&](const std::string& key) {
    if (!state.contains(key) || !state[key].is_number_unsigned()) refuse(file, "is damaged");
    return state[key].get<std::int64_t>();
  };
  const std::int64_t steps = count(prefix + "_steps"), crops = count(prefix + "_crops");
  if (steps > all || (steps == all && crops > 0))
    refuse(file,
           fmt::format("counts {} steps and {} crops, of a job of {} steps", steps, crops, all));
  return {static_cast<int>(steps), crops};
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

constexpr const char* kLock = "lock";

// What a kill leaves in a directory that has no job.json yet, or no more.
const std::set<std::string> kWithoutJob = {"job.json.tmp", kLock};

constexpr const char* kOutputs = "outputs";

std::set<std::string> outputs_in(const json& state, const fs::path& file) {
  std::set<std::string> names;
  if (!state.contains(kOutputs) || !state[kOutputs].is_array()) refuse(file, "is damaged");
  for (const json& name : state[kOutputs]) {
    if (!name.is_string()) refuse(file, "is damaged");
    names.insert(name.get<std::string>());
  }
  return names;
}

constexpr const char* kChecksum = "crc32";

// A name that is no UTF-8 is stored as another, so that its file is never taken for the job's own.
std::string text_of(const json& state) {
  return state.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Stored with the checksum of all the rest.
void write_state_file(const fs::path& file, json state) {
  state.erase(kChecksum);
  state[kChecksum] = checksum_of(text_of(state));
  replace_file(file, text_of(state) + "\n");
}

json read_state_file(const fs::path& file) {
  json state = parse(file);
  const json checksum = state.value(kChecksum, json());
  state.erase(kChecksum);
  if (checksum != checksum_of(text_of(state))) refuse(file, "is damaged");
  return state;
}

}  // namespace

Replaceable settle_resume(GenerateOptions& options) {
  const fs::path work = work_directory(options), state = work / "state.json";
  const bool there = file_exists(work / "job.json");
  if (there && !options.work.empty() && !options.force) options.resume = true;
  if (options.force) return true;
  if (!options.resume || !there || !file_exists(state)) return false;
  return Replaceable(outputs_in(read_state_file(state), state));
}

WorkDirectory::WorkDirectory(fs::path path, bool kept, bool resume, bool force,
                             std::string job_json)
    : path_(std::move(path)), kept_(kept), resume_(resume), job_json_(std::move(job_json)) {
  if (file_exists(path_ / kLock)) take_lock();
  const bool there = file_exists(path_ / "job.json");
  if (resume_ && !there)
    throw UserError(
        fmt::format("{}: holds no unfinished job to resume; leave --resume out", path_.string()));
  if (!there && file_exists(path_) && !holds_only(path_, kWithoutJob))
    throw UserError(
        fmt::format("{}: is in the way and not a work directory of ours; give --work "
                    "DIR or remove it",
                    path_.string()));
  if (!there) return;
  if (!resume_) {
    if (force) return;
    throw UserError(
        fmt::format("{}: holds an unfinished job; continue it with --resume or start "
                    "over with --force",
                    path_.string()));
  }
  const json before = parse(path_ / "job.json"), now = json::parse(job_json_);
  if (before != now)
    throw UserError(fmt::format("{}: holds another job ({}); give the options of that job, or {}",
                                path_.string(), difference(job_json_, before), kStartOver));
  if (file_exists(path_ / "state.json")) read_state();
}

// {"mask_steps": 30, "mask_crops": 0, "committed_steps": 3, "committed_crops": 128,
//  "done": {…}, "outputs": ["/home/ada/slide.svs", "/home/ada/slide.svs.manifest.json"],
//  "crc32": 3421780262}
void WorkDirectory::read_state() {
  const fs::path file = path_ / "state.json";
  const json state = read_state_file(file);
  painted_labels_ = part_of(state, "mask", std::numeric_limits<int>::max(), file);
  painted_ = part_of(state, "committed", json::parse(job_json_).value("steps", 0), file);
  outputs_ = outputs_in(state, file);
  try {
    tally_ = tally_from(state.value("done", json()));
  } catch (const json::exception&) {
    refuse(file, "is damaged");
  }
}

void WorkDirectory::open(const std::set<std::string>& outputs) {
  std::error_code code;
  fs::create_directories(path_, code);
  if (code) throw UserError(fmt::format("{}: can't be made: {}", path_.string(), code.message()));
  if (!lock_) take_lock();
  const bool nothing_done = painted_ == PaintedPart{} && painted_labels_ == PaintedPart{};
  if (nothing_done) {
    // Remove what an earlier job left, and nothing else: the user may have named a directory that
    // holds more. In this order a kill leaves a directory of ours and no state without latents.
    fs::remove(path_ / "state.json", code);
    fs::remove(checkpoint(), code);
    // Without it there is nothing to resume.
    run_from_start([this] { replace_file(path_ / "job.json", job_json_); });
  }
  if (painted_labels_ == PaintedPart{}) renew(mask());
  if (painted_ == PaintedPart{}) renew(path_ / "latents");
  outputs_.insert(outputs.begin(), outputs.end());
  write_state(tally_);
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
  fs::remove_all(directory, code);
  fs::create_directory(directory, code);
  if (code)
    throw UserError(fmt::format("{}: can't be made: {}", directory.string(), code.message()));
}

void WorkDirectory::commit(PaintedPart part, const Tally& tally) {
  painted_ = part;
  write_state(tally);
}

void WorkDirectory::commit_labels(PaintedPart part, const Tally& tally) {
  painted_labels_ = part;
  write_state(tally);
}

void WorkDirectory::write_state(const Tally& tally) const {
  const json state{{"mask_steps", painted_labels_.steps},
                   {"mask_crops", painted_labels_.crops},
                   {"committed_steps", painted_.steps},
                   {"committed_crops", painted_.crops},
                   {"done", json_of(tally)},
                   {kOutputs, outputs_}};
  write_state_file(path_ / "state.json", state);
}

fs::path WorkDirectory::checkpoint() const { return path_ / "slide.checkpoint"; }

fs::path WorkDirectory::latents(int generation) const {
  return path_ / "latents" / fmt::format("{}", generation);
}

fs::path WorkDirectory::clean_latents(int generation) const {
  return path_ / "latents" / fmt::format("x0-{}", generation);
}

void WorkDirectory::finish() {
  if (kept_) {
    json state = read_state_file(path_ / "state.json");
    state[kOutputs] = json::array();
    write_state_file(path_ / "state.json", state);
    return;
  }
  // In this order too.
  std::error_code code;
  fs::remove(path_ / "state.json", code);
  fs::remove_all(mask(), code);
  fs::remove_all(path_ / "latents", code);
  fs::remove_all(path_, code);
}

}  // namespace histoloom
