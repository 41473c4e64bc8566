#include "disk.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <map>

#include "histoloom/core/byte_size.h"
#include "histoloom/core/error.h"
#include "histoloom/core/writable.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

struct Load {
  std::uint64_t bytes = 0, available = 0;
  std::vector<const DiskNeed*> needs;
};

[[noreturn]] void refuse(const Load& load) {
  const DiskNeed& first = *load.needs.front();
  std::string what;
  for (const DiskNeed* need : load.needs) what += (what.empty() ? "" : " and ") + need->what;
  throw UserError(fmt::format("{} {} about {} in '{}', {} are free; choose another disk with {}",
                              what, load.needs.size() > 1 ? "need" : "needs",
                              format_byte_size(load.bytes), first.where.string(),
                              format_byte_size(load.available), first.option));
}

}  // namespace

fs::path existing_directory(fs::path path) {
  std::error_code code;
  while (!fs::is_directory(path, code) && path != "/" && path != ".") path = directory_of(path);
  return path;
}

std::optional<Disk> disk_of(const fs::path& directory) {
  struct stat status {};
  struct statvfs disk {};
  if (::stat(directory.c_str(), &status) != 0 || ::statvfs(directory.c_str(), &disk) != 0)
    return std::nullopt;
  return Disk{status.st_dev, std::uint64_t{disk.f_bavail} * disk.f_frsize};
}

void require_space(const std::vector<DiskNeed>& needs,
                   const std::function<std::optional<Disk>(const fs::path&)>& disk) {
  std::map<std::uint64_t, Load> loads;
  for (const DiskNeed& need : needs) {
    const std::optional<Disk> found = disk(need.where);
    if (!found || need.there >= need.bytes) continue;
    Load& load = loads[found->id];
    load.available = found->available;
    load.bytes += need.bytes - need.there;
    load.needs.push_back(&need);
  }
  for (const auto& [id, load] : loads)
    if (load.bytes > load.available) refuse(load);
}

std::uint64_t bytes_at(const fs::path& path) {
  std::error_code code;
  if (fs::is_regular_file(path, code)) return fs::file_size(path, code);
  std::uint64_t bytes = 0;
  for (fs::recursive_directory_iterator at(path, code), end; !code && at != end;
       at.increment(code)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) bytes += at->file_size(ignored);
  }
  return bytes;
}

}  // namespace histoloom
