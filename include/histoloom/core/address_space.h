// The address space that a process may take, which batch systems and `ulimit -v` may limit.
//
// Address space is not memory: libraries map far more than they ever touch. OpenBLAS asks for
// 128 MiB for each of its threads, and for each thread that calls it. A request that fails is
// repeated without end. So what needs networks asks first:
//
//     require_address_space(address_space_of_networks(threads, weights), "painting with 2 threads");
//
// Example: 861 MB are taken when main() begins on two processors. Of a limit of 1 GB, 139 MB are
// left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace histoloom {

// The limit in bytes; nothing if there is none.
std::optional<std::uint64_t> address_space_limit();
// What the process takes now, in bytes.
std::uint64_t address_space_in_use();

// \error UserError, naming the limit, `what` and what it takes, unless there is room for `more`
// bytes on top of what the process takes now.
void require_address_space(std::uint64_t more, const std::string& what);

}  // namespace histoloom
