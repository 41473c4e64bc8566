// Small files, whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace histoloom {

// The bytes of a file. UserError names the path and the cause.
std::string read_file(const std::filesystem::path& path);

// Replaces a file so that a crash leaves either the old or the new one: writes beside it
// ("NAME.tmp"), syncs, renames, syncs the directory. UserError names the path and the cause.
void replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace histoloom
