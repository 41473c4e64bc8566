#include "hand_over.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "histoloom/core/error.h"
#include "terminal_progress.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr const char* kName = "histoloom-networks";

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
  hold_interrupts();
  execv(program.c_str(), argv);
  const int cause = errno;
  catch_interrupts();
  throw UserError(fmt::format("{}: doesn't start: {}", program.string(), errno_text(cause)));
}

}  // namespace histoloom
