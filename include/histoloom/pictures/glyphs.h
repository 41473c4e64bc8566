// Text as pixels.
#pragma once

#include <string>

#include "histoloom/core/picture.h"

namespace histoloom {

// The coverage of one line of text, 0 to 255, in one channel: sans serif, 13 px. The text is taken
// as it is: no mark-up. \error UserError if there is no font.
Picture glyphs_of(const std::string& line);

}  // namespace histoloom
