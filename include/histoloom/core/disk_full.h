// The error that room on a disk cures.
#pragma once

#include "histoloom/core/error.h"

namespace histoloom {

// The disk is full, or a quota or a limit on the size of files is reached. replace_file() and
// FileReplacement throw DiskFull; run_resumable() turns it into an error that says how to go on.
class DiskFull : public UserError {
 public:
  explicit DiskFull(const std::string& message) : UserError(message, ErrorCode::disk_full) {}
};

// Whether an errno value means a full disk, a quota or a limit on the size of files.
bool is_disk_full(int code);

}  // namespace histoloom
