#include "output_claim.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/pyramid/sink.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

FileLock lock_of(const fs::path& out, const fs::path& partial) {
  std::optional<FileLock> lock = FileLock::take(partial);
  if (!lock)
    throw UserError(fmt::format("{}: another process is writing it ({} is locked)", out.string(),
                                partial.string()));
  return std::move(*lock);
}

}  // namespace

OutputClaim::OutputClaim(const fs::path& out)
    : partial_(pyramid::partial_path(out)), lock_(lock_of(out, partial_)) {}

OutputClaim::~OutputClaim() {
  std::error_code code;
  if (fs::file_size(partial_, code) == 0 && !code) fs::remove(partial_, code);
}

void require_unclaimed(const fs::path& out) {
  const fs::path partial = pyramid::partial_path(out);
  if (file_exists(partial)) lock_of(out, partial);
}

}  // namespace histoloom
