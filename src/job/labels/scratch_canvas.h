// A directory for the canvas of painted labels, beside what is made of them.
#pragma once

#include <filesystem>
#include <optional>

#include "histoloom/core/file_lock.h"

namespace histoloom {

// Nobody goes on with it: what a killed run left is removed.
class ScratchCanvas {
 public:
  // Writes nothing. \error UserError if something else is in its place.
  explicit ScratchCanvas(const std::filesystem::path& beside);
  ScratchCanvas(const ScratchCanvas&) = delete;
  ScratchCanvas& operator=(const ScratchCanvas&) = delete;
  ~ScratchCanvas();

  // Makes it, empty. \error UserError if it can't be made, or another process has it.
  void open();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::optional<FileLock> lock_;
};

}  // namespace histoloom
