// Errors: two kinds, decided where they are thrown.
//
// UserError      a flag, a file, a disk or a model is at fault. Its message is one line that names
//                the thing, the value found, the limit and the cure, and always the path.
// InternalError  a bug of ours; the message carries the place.
// Interrupted    the user stopped the run; what was committed stays and can be resumed.
//
// Libraries throw and never print. Only main catches everything: a UserError before any work exits
// with 2, later with 1; Interrupted with 130; anything else with 70.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace histoloom {

class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class InternalError : public std::logic_error {
 public:
  explicit InternalError(std::string_view what,
                         std::source_location where = std::source_location::current());
};

class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws InternalError with `what` and the caller's place unless `condition` holds.
void check_internal(bool condition, std::string_view what,
                    std::source_location where = std::source_location::current());

// Runs `work`; a UserError that leaves it is thrown again with "`context`: " before its message.
template <class Work>
decltype(auto) with_context(const std::string& context, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const UserError& error) {
    throw UserError(context + ": " + error.what());
  }
}

// The text for an errno value ("No space left on device").
std::string errno_text(int code);

}  // namespace histoloom
