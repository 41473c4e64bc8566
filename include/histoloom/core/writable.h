// Whether files can be made at the places that a user names, asked before any work.
#pragma once

#include <filesystem>

namespace histoloom {

// The directory that `file` lies in; "." if the name has none.
std::filesystem::path directory_of(const std::filesystem::path& file);

// Throws unless a file can be made next to `path`. One is made to find out, since permissions alone
// don't tell: a disk may be mounted read-only, and root passes every check. \error UserError names
// `option`, the path and the cause.
void require_writable(const std::filesystem::path& path, const char* option);

// Throws unless files can be made in the directory `path` or, if it is missing, the directory
// itself. What is there and no directory is not looked at. \error UserError as require_writable().
void require_writable_directory(const std::filesystem::path& path, const char* option);

}  // namespace histoloom
