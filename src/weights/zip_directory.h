// What a zip file holds, without unpacking it: torch.save stores its tensors uncompressed, so that
// an entry is a range of the file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>

namespace histoloom {

struct ZipEntry {
  std::uint64_t offset = 0;  // of its bytes in the file
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;  // CRC-32 of them

  std::span<const std::uint8_t> in(std::span<const std::uint8_t> file) const {
    return file.subspan(offset, bytes);
  }
};

using ZipDirectory = std::map<std::string, ZipEntry, std::less<>>;

// Reads the directory of a whole zip file (PKWARE's APPNOTE 6.3.10, zip64 and data descriptors
// included). Every entry lies inside of the file and overlaps no other. UserError, which begins
// with `path`, for anything else, and for compressed, encrypted and repeated entries.
ZipDirectory parse_zip_directory(std::span<const std::uint8_t> file, const std::string& path);

// UserError where the entry's bytes don't have the checksum of the directory.
void check_crc(std::span<const std::uint8_t> file, const std::string& name, const ZipEntry& entry,
               const std::string& path);

}  // namespace histoloom
