// The error that room on a disk cures.
#pragma once

#include "histoloom/core/error.h"

namespace histoloom {

// The disk is full, or a quota or a limit on the size of files is reached. replace_file() and
// FileReplacement throw it; a job that can go on says so in its place.
class DiskFull : public UserError {
 public:
  explicit DiskFull(const std::string& message) : UserError(message, ErrorCode::disk_full) {}
};

// Whether an errno value says so.
bool is_disk_full(int code);

}  // namespace histoloom
