// What a fuzz target of a file's reader gives to driver.cpp.
#pragma once

#include <cstdint>
#include <vector>

namespace histoloom::fuzz {

using Bytes = std::vector<std::uint8_t>;

// Inputs that are read without an error, or nearly; the driver mutates them.
std::vector<Bytes> seeds();

}  // namespace histoloom::fuzz
