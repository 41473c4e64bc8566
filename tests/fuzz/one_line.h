// What every reader of outside bytes promises of its refusals.
#pragma once

#include <cstdlib>
#include <string_view>

#include "histoloom/core/error.h"

namespace histoloom::fuzz {

// Calls a reader: it may refuse with a UserError of one line; anything else ends the process.
template <class Read>
void refuses_in_one_line(Read&& read) {
  try {
    read();
  } catch (const UserError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
  }
}

}  // namespace histoloom::fuzz
