#include "histoloom/core/address_space.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"

namespace histoloom {

std::optional<std::uint64_t> address_space_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

std::uint64_t address_space_in_use() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  statm >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void require_address_space(std::uint64_t more, const std::string& what) {
  const std::optional<std::uint64_t> limit = address_space_limit();
  const std::uint64_t needed = address_space_in_use() + more;
  if (!limit || needed <= *limit) return;
  throw UserError(fmt::format(
      "the address space is limited to {} (ulimit -v), {} takes up to {}; raise that limit",
      format_byte_size(*limit), what, format_byte_size(needed)));
}

}  // namespace histoloom
