// Files to be written, refused before any work where they can't come to be.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "histoloom/core/writable.h"
#include "replaceable.h"

namespace histoloom {

// \error UserError where the file is there and may not be replaced.
void require_new(const std::filesystem::path& path, const Replaceable& replace, const char* option);

// Whether this is a directory in which nothing has another name than these.
bool holds_only(const std::filesystem::path& directory, const std::set<std::string>& names);

// The file beside OUT that says what made it.
std::filesystem::path manifest_path(const std::filesystem::path& out);

}  // namespace histoloom
