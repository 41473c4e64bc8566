// The program with the networks, which the one that users call is not linked with.
#pragma once

namespace histoloom {

// Has histoloom-networks take this process over, with the same arguments; it lies beside this
// program, where it is installed with it, or in the build. An interruption waits until the other
// program can hear it. \error UserError if it isn't there or doesn't start, or if the address space
// has no room for its libraries.
[[noreturn]] void hand_over(char** argv);

}  // namespace histoloom
