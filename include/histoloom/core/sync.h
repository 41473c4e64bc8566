// The last step of every file and directory that is written aside and renamed.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <functional>

namespace histoloom {

// Makes a rename or a removal in the directory of `path` survive a power cut, if the file system
// can. `sync` is the system call.
void sync_parent_directory(const std::filesystem::path& path,
                           const std::function<int(int)>& sync = ::fsync) noexcept;

}  // namespace histoloom
