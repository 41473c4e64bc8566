// What an error says of how a job goes on.
#pragma once

#include <functional>

namespace histoloom {

// Runs a job that has a work directory. If the job is stopped or a disk is full, the error that
// comes out says how the job goes on.
void run_resumable(const std::function<void()>& job);

// Runs a job that leaves nothing to go on from; if a disk is full, the error says so.
void run_from_start(const std::function<void()>& job);

}  // namespace histoloom
