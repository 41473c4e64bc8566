// Small files, whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace histoloom {

// Whether there is something at `path`. UserError where that can't be told (no permission on the
// way, a name that is too long, links in a circle).
bool file_exists(const std::filesystem::path& path);

// The bytes of a file. UserError names the path and the cause.
std::string read_file(const std::filesystem::path& path);

// Replaces a file so that a crash leaves either the old or the new one: writes beside it
// ("NAME.tmp"), syncs, renames, syncs the directory. UserError names the path and the cause.
void replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace histoloom
