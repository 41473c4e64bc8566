#include "scratch_canvas.h"

#include <fmt/format.h>

#include "canvas_files.h"
#include "canvas_store.h"
#include "histoloom/core/error.h"
#include "histoloom/store/array_files.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr const char* kScratchLock = "lock";

}  // namespace

ScratchCanvas::ScratchCanvas(const fs::path& beside) : path_(beside.string() + ".work") {
  if (!holds_only_canvas(path_, kScratchLock))
    throw UserError(fmt::format(
        "{}: is in the way and not ours; remove it, or give what is written another name",
        path_.string()));
}

ScratchCanvas::~ScratchCanvas() {
  std::error_code code;
  if (!lock_) return;
  remove_canvas(path_);
  fs::remove(path_ / kScratchLock, code);
  fs::remove(path_, code);
}

void ScratchCanvas::open() {
  std::error_code code;
  fs::create_directory(path_, code);
  if (code) throw UserError(fmt::format("{}: can't be made: {}", path_.string(), code.message()));
  std::optional<FileLock> lock = FileLock::take(path_ / kScratchLock);
  if (!lock)
    throw UserError(
        fmt::format("{}: another process is working in it; wait for it", path_.string()));
  lock_.emplace(std::move(*lock));
  for (const char* array : kCanvasArrays) remove_array(path_ / array);
}

}  // namespace histoloom
