// Whether a file that a user names can be read, asked before any work.
#pragma once

#include <filesystem>
#include <string_view>

namespace histoloom {

// Throws unless `path` is a file that opens. `wanted` says what to give in place of a directory:
// "an image". \error UserError names the path and the cause.
void require_readable(const std::filesystem::path& path, std::string_view wanted);

}  // namespace histoloom
