// Whether files can come to be where a user wants them, asked before any work.
#pragma once

#include <filesystem>

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

}  // namespace histoloom
