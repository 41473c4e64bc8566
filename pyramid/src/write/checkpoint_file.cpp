#include "checkpoint_file.h"

#include <algorithm>
#include <utility>

#include "histoloom/core/checksum.h"
#include "histoloom/core/error.h"

namespace histoloom::pyramid {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16;

// Whether the last four bytes are the checksum of the `count` before them; the file is then at its
// beginning again.
bool checksum_fits(std::ifstream& file, std::uint64_t count) {
  std::string piece(kPiece, '\0');
  std::uint32_t checksum = 0, stored = 0;
  for (std::uint64_t left = count; left > 0;) {
    const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece));
    if (!file.read(piece.data(), static_cast<std::streamsize>(now))) return false;
    checksum = checksum_of({piece.data(), now}, checksum);
    left -= now;
  }
  if (!file.read(reinterpret_cast<char*>(&stored), sizeof stored)) return false;
  file.seekg(0);
  return checksum == stored;
}

}  // namespace

void CheckpointOut::append(std::string_view bytes) {
  checksum_ = checksum_of(bytes, checksum_);
  file_.write(bytes);
}

void CheckpointOut::put_text(std::string_view text) {
  put(static_cast<std::uint64_t>(text.size()));
  append(text);
}

void CheckpointOut::commit() {
  file_.write({reinterpret_cast<const char*>(&checksum_), sizeof checksum_});
  file_.commit();
}

std::optional<CheckpointIn> CheckpointIn::open(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.is_open() ? std::streamoff{file.tellg()} : 0;
  if (size < std::streamoff{sizeof(std::uint32_t)}) return std::nullopt;
  file.seekg(0);
  const std::uint64_t count = static_cast<std::uint64_t>(size) - sizeof(std::uint32_t);
  if (!checksum_fits(file, count)) return std::nullopt;
  return CheckpointIn(std::move(file), count);
}

// Its checksum was right: what doesn't fit now is what we wrote.
void CheckpointIn::read(char* bytes, std::size_t count) {
  check_internal(count <= left_, "a checkpoint ends too early");
  left_ -= count;
  check_internal(!!file_.read(bytes, static_cast<std::streamsize>(count)),
                 "a checkpoint has changed while it was read");
}

std::uint64_t CheckpointIn::get_count(std::uint64_t most) {
  const auto count = get<std::uint64_t>();
  check_internal(count <= most, "a checkpoint counts more than there can be");
  return count;
}

std::string CheckpointIn::get_text() {
  std::string text(get_count(left_), '\0');
  read(text.data(), text.size());
  return text;
}

}  // namespace histoloom::pyramid
