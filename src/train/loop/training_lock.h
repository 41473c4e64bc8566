// What keeps a second training from writing the same file.
#pragma once

#include <filesystem>

#include "histoloom/core/file_lock.h"

namespace histoloom {

// A lock on FILE.lock, which is removed in the end. A killed training leaves the file, empty, and
// the next one takes it.
class TrainingLock {
 public:
  // UserError that names `option` and the file where another training has it, or where FILE.lock is
  // somebody's that is not empty.
  TrainingLock(const std::filesystem::path& file, const char* option);
  ~TrainingLock();

 private:
  std::filesystem::path path_;
  FileLock lock_;
};

}  // namespace histoloom
