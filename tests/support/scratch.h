// What the tests of every room share: files that are gone when the test ends, and error texts.
#pragma once

#include <string>

#include "histoloom/core/error.h"
#include "scratch_directory.h"

namespace histoloom {

// What an error of this kind says; empty where none is thrown.
template <class Error = UserError, class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// The code of a user's error; unspecified where none is thrown, too.
template <class Action>
ErrorCode code_of(Action&& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.code();
  }
  return ErrorCode::unspecified;
}

}  // namespace histoloom
