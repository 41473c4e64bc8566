// state.json of a work directory: how far the job has come, what that took, and which files are its
// own. Stored with the checksum of all the rest, so that damage is noticed.
//
//   {"mask_steps": 30, "mask_crops": 0, "committed_steps": 3, "committed_crops": 128,
//    "done": {…}, "outputs": ["/home/ada/slide.svs", "/home/ada/slide.svs.manifest.json"],
//    "slide": {"bytes": 104857600, "written_ns": 1767225600000000000}, "crc32": 3421780262}
//
// A cascade adds "stages": [{"painted_steps": 20, "painted_crops": 0, "picture": true}].
#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "account.h"
#include "file_mark.h"
#include "histoloom/diffusion/canvas_state.h"

namespace histoloom {

// How far a coarser stage of a cascade has come.
struct StageState {
  PaintedPart painted;
  bool pictured = false;  // whether its picture is there, whole
  bool operator==(const StageState&) const = default;
};

struct JobState {
  PaintedPart painted_labels;      // which come first
  std::vector<StageState> stages;  // coarser ones, which come next
  PaintedPart painted;             // of the image
  Account account;                 // of all runs
  std::set<std::string> outputs;   // absolute names, of all runs
  std::optional<FileMark> slide;   // once it is whole and nothing but its name is missing
};

// For who doesn't ask how far the job has come.
inline constexpr int kAnySteps = std::numeric_limits<int>::max();

// Reads the text of `file` of a job of `steps` steps. \error UserError that names `file`, if the
// text is damaged or counts more than the job has.
JobState parse_state(std::string_view text, const std::filesystem::path& file, int steps);
JobState read_state_file(const std::filesystem::path& file, int steps);

// Replaces `file`. A name that is no UTF-8 is stored as another, so that its file is never taken for
// the job's own.
void write_state_file(const std::filesystem::path& file, const JobState& state);

}  // namespace histoloom
