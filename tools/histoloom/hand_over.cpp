#include "hand_over.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>

#include "histoloom/core/address_space.h"
#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "terminal_progress.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr const char* kName = "histoloom-networks";
// Addresses that its libraries take: with less the loader fails, before it can say why.
constexpr std::uint64_t kLibraries = std::uint64_t{560} << 20;

void require_room_for_libraries() {
  const std::optional<std::uint64_t> limit = address_space_limit();
  if (limit && *limit < kLibraries)
    throw UserError(fmt::format(
        "the address space is limited to {} (ulimit -v), the libraries alone take {} and more; "
        "raise that limit",
        format_byte_size(*limit), format_byte_size(kLibraries)));
}

fs::path program_with_networks() {
  std::error_code code;
  const fs::path here = fs::read_symlink("/proc/self/exe", code).parent_path();
  for (const fs::path& place :
       {here / kName, (here / HISTOLOOM_INSTALLED_NETWORKS).lexically_normal(),
        fs::path(HISTOLOOM_BUILT_NETWORKS)})
    if (fs::exists(place, code)) return place;
  throw UserError(
      fmt::format("{}: is missing, and this command needs its networks; install "
                  "histoloom as a whole",
                  (here / kName).string()));
}

}  // namespace

void hand_over(char** argv) {
  const fs::path program = program_with_networks();
  require_room_for_libraries();
  hold_interrupts();
  execv(program.c_str(), argv);
  const int cause = errno;
  catch_interrupts();
  throw UserError(fmt::format("{}: doesn't start: {}", program.string(), errno_text(cause)));
}

}  // namespace histoloom
