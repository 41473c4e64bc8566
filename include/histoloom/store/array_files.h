// The files of a LatentArray on disk, told from those of others: what a user put into the same
// directory is never removed.
#pragma once

#include <filesystem>

namespace histoloom {

// Whether a directory holds nothing but files that an array may have; true if it isn't there.
bool holds_only_array(const std::filesystem::path& directory);

// Removes those files, and the directory if nothing is left in it. A kill on the way leaves fewer
// of them.
void remove_array(const std::filesystem::path& directory);

}  // namespace histoloom
