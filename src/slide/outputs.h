// Files to be written, refused before any work where they can't come to be.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "replaceable.h"

namespace histoloom {

// The directory that `file` lies in; "." where the name has none.
std::filesystem::path directory_of(const std::filesystem::path& file);

// \error UserError that names `option`, the path and the cause, unless a file can be made beside
// `path`. Tried, since permissions alone don't tell: a disk may be mounted read-only, and root
// passes every check.
void require_writable(const std::filesystem::path& path, const char* option);

// The same of a directory in which files are to be made, and which is made where it is missing.
// What is no directory is not looked at.
void require_writable_directory(const std::filesystem::path& path, const char* option);

// \error UserError where the file is there and may not be replaced.
void require_new(const std::filesystem::path& path, const Replaceable& replace, const char* option);

// Whether this is a directory in which nothing has another name than these.
bool holds_only(const std::filesystem::path& directory, const std::set<std::string>& names);

// The file beside OUT that says what made it.
std::filesystem::path manifest_path(const std::filesystem::path& out);

}  // namespace histoloom
