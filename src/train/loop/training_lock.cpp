#include "training_lock.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

FileLock lock_of(const fs::path& path, const fs::path& file, const char* option) {
  if (file_exists(path) && !(fs::is_regular_file(path) && fs::is_empty(path)))
    throw UserError(fmt::format(
        "{} {}: {} exists and is no lock of a training; move it away, or give another name", option,
        file.string(), path.string()));
  std::optional<FileLock> lock = FileLock::take(path);
  if (!lock)
    throw UserError(
        fmt::format("{} {}: another training writes it; wait for it", option, file.string()));
  return std::move(*lock);
}

}  // namespace

TrainingLock::TrainingLock(const fs::path& file, const char* option)
    : path_(file.string() + ".lock"), lock_(lock_of(path_, file, option)) {}

TrainingLock::~TrainingLock() {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

}  // namespace histoloom
