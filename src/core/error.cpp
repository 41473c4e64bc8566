#include "histoloom/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace histoloom {

InternalError::InternalError(std::string_view what, std::source_location where)
    : std::logic_error(fmt::format("{} ({}:{}, {})", what, where.file_name(), where.line(),
                                   where.function_name())) {}

void check_internal(bool condition, std::string_view what, std::source_location where) {
  if (!condition) throw InternalError(what, where);
}

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::unspecified:
      return "unspecified";
    case ErrorCode::invalid_option:
      return "invalid_option";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::not_a_file:
      return "not_a_file";
    case ErrorCode::permission_denied:
      return "permission_denied";
    case ErrorCode::in_use:
      return "in_use";
    case ErrorCode::wrong_format:
      return "wrong_format";
    case ErrorCode::damaged_file:
      return "damaged_file";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::disk_full:
      return "disk_full";
    case ErrorCode::io_error:
      return "io_error";
  }
  throw InternalError("no such error code");
}

ErrorCode error_code_of(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EISDIR:
      return ErrorCode::not_a_file;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorCode::disk_full;
    default:
      return ErrorCode::io_error;
  }
}

std::string one_line(std::string_view message) {
  std::string out(message);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < ' ' || c == 127; }, ' ');
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string errno_text(int code) { return std::generic_category().message(code); }

}  // namespace histoloom
