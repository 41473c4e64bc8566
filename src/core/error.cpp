#include "histoloom/core/error.h"

#include <fmt/format.h>

#include <system_error>

namespace histoloom {

InternalError::InternalError(std::string_view what, std::source_location where)
    : std::logic_error(fmt::format("{} ({}:{}, {})", what, where.file_name(), where.line(),
                                   where.function_name())) {}

void check_internal(bool condition, std::string_view what, std::source_location where) {
  if (!condition) throw InternalError(what, where);
}

std::string errno_text(int code) { return std::generic_category().message(code); }

}  // namespace histoloom
