// What an error says of how a job goes on.
#pragma once

#include <functional>

namespace histoloom {

// Runs a job that has a work directory. If the job is stopped, a disk is full or a name is taken,
// the error that comes out says how the job goes on.
void run_resumable(const std::function<void()>& job);

// Runs a job that leaves nothing to go on from. If a disk is full or a name is taken, the error says
// to start again.
void run_from_start(const std::function<void()>& job);

}  // namespace histoloom
