// Errors: two kinds, decided where they are thrown.
//
// UserError      a flag, a file, a disk or a model is at fault. The message is one line that names
//                the thing, the value found, the limit and the cure, and always the path. The
//                error's code is for programs, which can't go by a message.
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

// What is at fault, for a caller that acts by it. Every error of the pyramid library has a code;
// other rooms give one if somebody asks for it.
enum class ErrorCode {
  unspecified,        // nothing in particular; the message says what
  invalid_option,     // a value out of its range, or two that don't fit together
  unsupported,        // what the profile has no place for; a file of a kind that can't be edited
  not_found,          // a file or a directory on the way to it
  not_a_file,         // a directory, a pipe
  permission_denied,  // no permission, or a disk that is read-only
  in_use,             // a file that another process is writing
  wrong_format,       // no TIFF file
  damaged_file,       // a truncated or looping file, or a tile that doesn't decode
  too_large,          // a classic TIFF past its 4 GiB
  disk_full,          // a full disk, a quota, or a limit on the size of files
  io_error,           // any other failure that the system reports
};

// The name of a code, such as "disk_full".
std::string_view name_of(ErrorCode code);
// The code for an errno value; io_error for what has none of its own.
ErrorCode error_code_of(int errno_value);

class UserError : public std::runtime_error {
 public:
  explicit UserError(const std::string& message, ErrorCode code = ErrorCode::unspecified)
      : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
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

// Runs `action`; a UserError that leaves it is thrown again with "`context`: " before its message
// and with its code.
template <class Action>
decltype(auto) with_context(const std::string& context, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const UserError& error) {
    throw UserError(context + ": " + error.what(), error.code());
  }
}

// A library's message as one line: control characters become spaces, those at the end go.
std::string one_line(std::string_view message);

// The text for an errno value ("No space left on device").
std::string errno_text(int code);

}  // namespace histoloom
