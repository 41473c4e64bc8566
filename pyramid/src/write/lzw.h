// LZW as TIFF 6.0, section 13 has it: codes of 9 to 12 bits, most significant bit first, the width
// growing one code early.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace histoloom::pyramid {

// Replaces `out` by the stream of `in`.
void lzw_encode(std::span<const std::uint8_t> in, std::vector<std::uint8_t>& out);

}  // namespace histoloom::pyramid
