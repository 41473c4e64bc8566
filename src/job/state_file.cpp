#include "state_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/checksum.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/store/start_over.h"
#include "histoloom/vocabulary/json_text.h"

namespace histoloom {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kChecksum = "crc32";
constexpr const char* kOutputs = "outputs";
constexpr const char* kSlide = "slide";
constexpr const char* kStageList = "stages";

[[noreturn]] void refuse_state(const fs::path& file, const std::string& what) {
  throw UserError(fmt::format("{}: {}; {}", file.string(), what, kStartOver));
}

std::string text_of(const json& state) { return json_text(state); }

// The object without its checksum, which it has been held to.
json checked_object(std::string_view text, const fs::path& file) {
  json state = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object()) refuse_state(file, "is damaged");
  const json checksum = state.value(kChecksum, json());
  state.erase(kChecksum);
  if (checksum != checksum_of(text_of(state))) refuse_state(file, "is damaged");
  return state;
}

// The part of `all` steps that is counted in "PREFIX_steps" and "PREFIX_crops".
PaintedPart part_of(const json& state, const std::string& prefix, int all, const fs::path& file) {
  const auto count = [&](const std::string& key) {
    if (!state.contains(key) || !state[key].is_number_unsigned()) refuse_state(file, "is damaged");
    // As unsigned: nlohmann compares with a signed number as if both were signed.
    const auto value = state[key].get<std::uint64_t>();
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      refuse_state(file, "is damaged");
    return static_cast<std::int64_t>(value);
  };
  const std::int64_t steps = count(prefix + "_steps"), crops = count(prefix + "_crops");
  if (steps > all || (steps == all && crops > 0))
    refuse_state(
        file, fmt::format("counts {} steps and {} crops, of a job of {} steps", steps, crops, all));
  return {static_cast<int>(steps), crops};
}

std::vector<StageState> stages_in(const json& state, const fs::path& file) {
  std::vector<StageState> out;
  if (!state.contains(kStageList)) return out;
  if (!state[kStageList].is_array()) refuse_state(file, "is damaged");
  for (const json& stage : state[kStageList]) {
    if (!stage.is_object() || !stage.value("picture", json()).is_boolean())
      refuse_state(file, "is damaged");
    out.push_back({part_of(stage, "painted", kAnySteps, file), stage["picture"].get<bool>()});
  }
  return out;
}

std::set<std::string> outputs_in(const json& state, const fs::path& file) {
  std::set<std::string> names;
  if (!state.contains(kOutputs) || !state[kOutputs].is_array()) refuse_state(file, "is damaged");
  for (const json& name : state[kOutputs]) {
    if (!name.is_string()) refuse_state(file, "is damaged");
    names.insert(name.get<std::string>());
  }
  return names;
}

std::optional<FileMark> slide_in(const json& state, const fs::path& file) {
  if (!state.contains(kSlide)) return std::nullopt;
  try {
    const json& slide = state[kSlide];
    return FileMark{slide.at("bytes").get<std::uint64_t>(),
                    slide.at("written_ns").get<std::int64_t>()};
  } catch (const json::exception&) {
    refuse_state(file, "is damaged");
  }
}

Account account_in(const json& state, const fs::path& file) {
  try {
    return account_from(state.value("done", json()));
  } catch (const json::exception&) {
    refuse_state(file, "is damaged");
  }
}

}  // namespace

JobState parse_state(std::string_view text, const fs::path& file, int steps) {
  const json state = checked_object(text, file);
  return {part_of(state, "mask", kAnySteps, file),
          stages_in(state, file),
          part_of(state, "committed", steps, file),
          account_in(state, file),
          outputs_in(state, file),
          slide_in(state, file)};
}

JobState read_state_file(const fs::path& file, int steps) {
  return parse_state(read_file(file), file, steps);
}

void write_state_file(const fs::path& file, const JobState& state) {
  json root{{"mask_steps", state.painted_labels.steps}, {"mask_crops", state.painted_labels.crops},
            {"committed_steps", state.painted.steps},   {"committed_crops", state.painted.crops},
            {"done", json_of(state.account)},           {kOutputs, state.outputs}};
  for (const StageState& stage : state.stages)
    root[kStageList].push_back({{"painted_steps", stage.painted.steps},
                                {"painted_crops", stage.painted.crops},
                                {"picture", stage.pictured}});
  if (state.slide)
    root[kSlide] = {{"bytes", state.slide->bytes}, {"written_ns", state.slide->written_ns}};
  root[kChecksum] = checksum_of(text_of(root));
  replace_file(file, text_of(root) + "\n");
}

}  // namespace histoloom
