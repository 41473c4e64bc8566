// The files that a job writes.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "histoloom/core/replaceable.h"
#include "histoloom/job/generate_spec.h"

namespace histoloom {

// Whether this is a directory in which nothing has another name than these.
bool holds_only(const std::filesystem::path& directory, const std::set<std::string>& names);

// The file beside OUT that says what made it.
std::filesystem::path manifest_path(const std::filesystem::path& out);

// The absolute_name()s of all the files that a job writes.
std::set<std::string> outputs_of(const GenerateSpec& spec);

// \error UserError that names the option for an output that can't be written, or not be replaced.
void require_writable_output(const std::filesystem::path& path, const Replaceable& replace,
                             const char* option);
// The same of OUT with its manifest, of the report and of the work directory.
void check_outputs(const GenerateSpec& spec, const Replaceable& replace);

}  // namespace histoloom
