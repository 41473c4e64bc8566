// Which training images are kept for measuring: whole sources, so that nothing of a slide or a
// patient is on both sides.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace histoloom {

// One flag a name (of a file, without its ending): whether it belongs to the 1st, (n+1)th, …
// source. A name's source is what the regular expression `source` (ECMAScript) finds in it, or its
// first group; empty: every name is a source by itself. Sources count in the order in which they
// appear. UserError for an expression that is none, and for a name in which it finds nothing.
std::vector<bool> held_out_names(const std::vector<std::string>& names, const std::string& source,
                                 int every);

// Of slides every nth is held out, each a source by itself: none of fewer than n.
bool is_slide_held_out(std::size_t index, int every);

}  // namespace histoloom
