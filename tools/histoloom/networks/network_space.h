// Whether the address space has room for networks.
#pragma once

namespace histoloom {

// `doing`: what a command does with networks. `threads`: its --threads; 0: all processors. \error
// UserError if the address space is limited to less (ulimit -v).
void require_space_for(const char* doing, int threads);

}  // namespace histoloom
