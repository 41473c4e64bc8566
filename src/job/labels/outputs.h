// The files that a job writes.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "histoloom/core/replaceable.h"
#include "histoloom/job/generate_spec.h"

namespace histoloom {

// Whether this is a directory in which nothing has another name than these.
bool holds_only(const std::filesystem::path& directory, const std::set<std::string>& names);

// The file beside OUT that says what made it.
std::filesystem::path manifest_path(const std::filesystem::path& out);

// A file that a job writes, and the option that named it.
struct Output {
  std::filesystem::path path;
  const char* option;
};
// All the files that a job writes.
std::vector<Output> outputs_of(const GenerateSpec& spec);
// Their absolute_name()s.
std::set<std::string> names_of(const std::vector<Output>& outputs);
// Asks again whether they may be written. \error OutputAppeared.
void require_still_new(const std::vector<Output>& outputs, const Replaceable& replace);

// \error UserError that names the option for an output that can't be written, or not be replaced.
void require_writable_output(const std::filesystem::path& path, const Replaceable& replace,
                             const char* option);
// The same of OUT with its manifest, of the report and of the work directory. OUT must be no other
// process's, too.
void check_outputs(const GenerateSpec& spec, const Replaceable& replace);

}  // namespace histoloom
