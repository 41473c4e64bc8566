// A font of 5 × 7 dots, drawn for this project.
#pragma once

#include <array>
#include <cstdint>

namespace histoloom::pyramid {

// Seven rows from the top; bit 4 is the leftmost dot.
using Glyph = std::array<std::uint8_t, 7>;

// The glyph of an ASCII character; small letters have the capitals' shape, others an empty box.
const Glyph& glyph_of(char c);

}  // namespace histoloom::pyramid
