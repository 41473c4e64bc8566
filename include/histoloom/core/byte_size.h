// Byte sizes as users write them ("512MiB", "1.5GB") and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace histoloom {

// Bytes of "N", "NKiB", "NMiB", "NGiB", "NTiB" (powers of 1024) or "NkB", "NMB", "NGB", "NTB"
// (powers of 1000); N may have a fraction. Throws UserError with the text that was found.
std::uint64_t parse_byte_size(std::string_view text);

// Writes a size for people, with three significant digits at most: "0 B", "512 B", "1.5 GiB".
std::string format_byte_size(std::uint64_t bytes);

}  // namespace histoloom
