// A slide's name, kept from other jobs from the start.
#pragma once

#include <filesystem>
#include <optional>

#include "histoloom/core/file_lock.h"

namespace histoloom {

// Holds the lock of the partial file of `out`, which the writer takes over once there are pixels.
class OutputClaim {
 public:
  // Makes the partial file if there is none. \error UserError if another process writes it.
  explicit OutputClaim(const std::filesystem::path& out);
  OutputClaim(const OutputClaim&) = delete;
  OutputClaim& operator=(const OutputClaim&) = delete;
  // Removes the partial file if it is empty.
  ~OutputClaim();

 private:
  std::filesystem::path partial_;
  std::optional<FileLock> lock_;
};

// Looks only. \error UserError if another process has claimed or writes `out`.
void require_unclaimed(const std::filesystem::path& out);

}  // namespace histoloom
