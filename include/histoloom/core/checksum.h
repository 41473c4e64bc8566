// The checksum of what a run leaves for another to go on with.
#pragma once

#include <cstdint>
#include <string_view>

namespace histoloom {

// The CRC-32 (of ISO 3309, as zlib and Python's zlib.crc32 have it) of `bytes`; or of those before
// them and these, where theirs is given.
std::uint32_t checksum_of(std::string_view bytes, std::uint32_t before = 0);

}  // namespace histoloom
