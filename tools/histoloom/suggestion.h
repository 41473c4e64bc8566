// What a misspelt subcommand or option may have been meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace histoloom {

// The name that takes the fewest letters put in, left out, replaced or swapped with their
// neighbour; empty if that is more than a third of them.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

// " (did you mean --size?)" for an argument that the program, once it has parsed, did not know;
// empty if nothing is near.
std::string suggestion(const CLI::App& program);

}  // namespace histoloom
