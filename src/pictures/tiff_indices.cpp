#include "histoloom/pictures/tiff_indices.h"

#include <cstdint>
#include <fstream>

#include "histoloom/core/file.h"

namespace histoloom {

namespace {

// TIFF 6.0, and BigTIFF: a header (byte order, 42 or 43, where the first directory lies), then
// directories of entries: tag, type, count, value. Only SHORT values are looked at, which stand in
// the entry itself.
constexpr std::uint64_t kBitsPerSample = 258;
constexpr std::uint64_t kPhotometric = 262;
constexpr std::uint64_t kTiffIndexed = 3;
constexpr char kTiffGrey = 1;  // 0 is black

class TiffBytes {
 public:
  explicit TiffBytes(std::string& bytes) : bytes_(bytes) {
    const std::string_view head = std::string_view(bytes).substr(0, 4);
    big_endian_ = head.substr(0, 2) == "MM";
    const std::uint64_t version = number(2, 2);
    big_ = version == 43;
    valid_ = (big_endian_ || head.substr(0, 2) == "II") && (big_ || version == 42);
  }

  // Where the value of a tag of the first directory lies; 0 where there is none.
  std::size_t value_of(std::uint64_t tag) const {
    if (!valid_) return 0;
    const std::uint64_t directory = big_ ? number(8, 8) : number(4, 4);
    const std::uint64_t entries = number(directory, big_ ? 8 : 2);
    const std::uint64_t first = directory + (big_ ? 8 : 2), size = big_ ? 20 : 12;
    for (std::uint64_t i = 0; i < entries && first + (i + 1) * size <= bytes_.size(); ++i)
      if (number(first + i * size, 2) == tag)
        return static_cast<std::size_t>(first + i * size + (big_ ? 12 : 8));
    return 0;
  }

  // 0 past the end.
  std::uint64_t number(std::uint64_t at, int size) const {
    if (at > bytes_.size() || bytes_.size() - at < static_cast<std::uint64_t>(size)) return 0;
    std::uint64_t out = 0;
    for (int i = 0; i < size; ++i) {
      const int byte = big_endian_ ? i : size - 1 - i;
      out = out << 8 | static_cast<unsigned char>(bytes_[at + static_cast<std::uint64_t>(byte)]);
    }
    return out;
  }

  void set_short(std::size_t at, char value) { bytes_[at + (big_endian_ ? 1 : 0)] = value; }

 private:
  std::string& bytes_;
  bool big_endian_ = false, big_ = false, valid_ = false;
};

bool starts_as_tiff(const std::filesystem::path& path) {
  std::string head(2, ' ');
  std::ifstream(path, std::ios::binary).read(head.data(), 2);
  return head == "II" || head == "MM";
}

}  // namespace

std::optional<IndexedTiff> read_indexed_tiff(const std::filesystem::path& path) {
  if (!starts_as_tiff(path)) return std::nullopt;
  IndexedTiff out{read_file(path), 8};
  TiffBytes tiff(out.grey);
  const std::size_t photometric = tiff.value_of(kPhotometric);
  if (photometric == 0 || tiff.number(photometric, 2) != kTiffIndexed) return std::nullopt;
  tiff.set_short(photometric, kTiffGrey);
  if (const std::size_t bits = tiff.value_of(kBitsPerSample); bits != 0)
    out.bit_depth = static_cast<int>(tiff.number(bits, 2));
  return out;
}

}  // namespace histoloom
