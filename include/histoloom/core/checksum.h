// The checksum of what a run leaves for another to go on with.
#pragma once

#include <cstdint>
#include <string_view>

namespace histoloom {

// The CRC-32 of `bytes` (ISO 3309, as in zlib and Python's zlib.crc32). Given `before`, the CRC-32
// of earlier bytes, the result is the CRC-32 of all bytes together.
std::uint32_t checksum_of(std::string_view bytes, std::uint32_t before = 0);

}  // namespace histoloom
