#include "work.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

json parse(const fs::path& file) {
  try {
    return json::parse(read_file(file));
  } catch (const json::exception&) {
    throw UserError(fmt::format("{}: is damaged; start over with --force", file.string()));
  }
}

struct State {
  PaintedPart labels, image;
};

// {"mask_steps": 30, "mask_crops": 0, "committed_steps": 3, "committed_crops": 128}
State read_state(const fs::path& file) {
  const json state = parse(file);
  for (const char* key : {"mask_steps", "mask_crops", "committed_steps", "committed_crops"})
    if (!state.is_object() || !state.contains(key) || !state[key].is_number_unsigned())
      throw UserError(fmt::format("{}: is damaged; start over with --force", file.string()));
  return {{state["mask_steps"], state["mask_crops"]},
          {state["committed_steps"], state["committed_crops"]}};
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

}  // namespace

WorkDirectory::WorkDirectory(fs::path path, bool kept, bool resume, bool force,
                             std::string job_json)
    : path_(std::move(path)), kept_(kept), resume_(resume), job_json_(std::move(job_json)) {
  const bool there = fs::exists(path_ / "job.json");
  if (resume_ && !there)
    throw UserError(
        fmt::format("{}: holds no unfinished job to resume; leave --resume out", path_.string()));
  if (!there && fs::exists(path_) && !(fs::is_directory(path_) && fs::is_empty(path_)))
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
    throw UserError(
        fmt::format("{}: holds another job ({}); give the options of that job, or start "
                    "over with --force and without --resume",
                    path_.string(), difference(job_json_, before)));
  if (!fs::exists(path_ / "state.json")) return;
  const State state = read_state(path_ / "state.json");
  painted_labels_ = state.labels;
  painted_ = state.image;
}

void WorkDirectory::open() {
  const bool nothing_done = painted_ == PaintedPart{} && painted_labels_ == PaintedPart{};
  if (nothing_done) {
    // Remove what an earlier job left, and nothing else: the user may have named a directory that
    // holds more. In this order a kill leaves a directory of ours and no state without latents.
    std::error_code code;
    fs::remove(path_ / "state.json", code);
    fs::create_directories(path_, code);
    if (code) throw UserError(fmt::format("{}: can't be made: {}", path_.string(), code.message()));
    replace_file(path_ / "job.json", job_json_);
  }
  if (painted_labels_ == PaintedPart{}) renew(mask());
  if (painted_ == PaintedPart{}) renew(path_ / "latents");
}

void WorkDirectory::renew(const fs::path& directory) const {
  std::error_code code;
  fs::remove_all(directory, code);
  fs::create_directory(directory, code);
  if (code)
    throw UserError(fmt::format("{}: can't be made: {}", directory.string(), code.message()));
}

void WorkDirectory::commit(PaintedPart part) {
  painted_ = part;
  write_state();
}

void WorkDirectory::commit_labels(PaintedPart part) {
  painted_labels_ = part;
  write_state();
}

void WorkDirectory::write_state() const {
  const json state{{"mask_steps", painted_labels_.steps},
                   {"mask_crops", painted_labels_.crops},
                   {"committed_steps", painted_.steps},
                   {"committed_crops", painted_.crops}};
  replace_file(path_ / "state.json", state.dump() + "\n");
}

fs::path WorkDirectory::latents(int generation) const {
  return path_ / "latents" / fmt::format("{}", generation);
}

fs::path WorkDirectory::clean_latents(int generation) const {
  return path_ / "latents" / fmt::format("x0-{}", generation);
}

void WorkDirectory::finish() {
  std::error_code code;
  if (!kept_) fs::remove_all(path_, code);
}

}  // namespace histoloom
