// How much address space networks take (core/address_space.h says why anybody asks).
#pragma once

#include <cstdint>

namespace histoloom {

// Bytes of address space that calls of networks on `threads` threads may take, on top of what the
// program has when main() begins. `weights_bytes` is the size of the largest network's file.
//
// A thread may take 128 MiB for OpenBLAS, 64 MiB for an arena of the C library and 8 MiB of stack.
// The default model takes 430 MB on one thread, and on eight 1.2 GB of the 2 GB that this says.
std::uint64_t address_space_of_networks(int threads, std::uint64_t weights_bytes);

}  // namespace histoloom
