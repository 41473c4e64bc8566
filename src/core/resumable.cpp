#include "histoloom/core/resumable.h"

#include <fmt/format.h>

#include "histoloom/core/disk_full.h"
#include "histoloom/core/error.h"
#include "histoloom/core/replaceable.h"

namespace histoloom {

void run_resumable(const std::function<void()>& job) {
  try {
    job();
  } catch (const Interrupted& stop) {
    throw Interrupted(
        fmt::format("{}; the same command with --resume goes on from there", stop.what()));
  } catch (const DiskFull& full) {
    throw UserError(
        fmt::format("{}; make room, and the same command with --resume goes on", full.what()));
  } catch (const OutputAppeared& appeared) {
    throw UserError(fmt::format("{}; move it away, and the same command with --resume goes on",
                                appeared.what()));
  }
}

void run_from_start(const std::function<void()>& job) {
  try {
    job();
  } catch (const DiskFull& full) {
    throw UserError(fmt::format("{}; make room and start again", full.what()));
  } catch (const OutputAppeared& appeared) {
    throw UserError(fmt::format("{}; move it away and start again", appeared.what()));
  }
}

}  // namespace histoloom
