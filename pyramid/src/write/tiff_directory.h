// TIFF directories (IFDs) in memory, and their bytes as classic TIFF or BigTIFF, little-endian.
//
// Layouts: TIFF 6.0, section 2; BigTIFF as in libtiff's "BigTIFF design". Values that don't fit
// into an entry follow their directory, each at a multiple of 8.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace histoloom::pyramid {

enum class FieldType : std::uint16_t {
  byte = 1,
  ascii = 2,
  short_ = 3,
  long_ = 4,
  rational = 5,
  undefined = 7,
  offset = 1000,  // LONG in classic TIFF, LONG8 in BigTIFF
};

struct Rational {
  std::uint32_t numerator = 0;
  std::uint32_t denominator = 1;
};

// The closest fraction with a power of ten as denominator, in lowest terms. `value` > 0.
Rational to_rational(double value);

class Directory {
 public:
  // Each adds one tag; a tag may be added once, in any order.
  void add_shorts(std::uint16_t tag, std::span<const std::uint16_t> values);
  void add_short(std::uint16_t tag, std::uint16_t value) { add_shorts(tag, {&value, 1}); }
  // Changes the value of a SHORT that was added.
  void replace_short(std::uint16_t tag, std::uint16_t value);
  void add_long(std::uint16_t tag, std::uint32_t value);
  void add_longs(std::uint16_t tag, std::vector<std::uint64_t> values);
  void add_offsets(std::uint16_t tag, std::vector<std::uint64_t> values);
  void add_rationals(std::uint16_t tag, std::span<const Rational> values);
  void add_rational(std::uint16_t tag, Rational value) { add_rationals(tag, {&value, 1}); }
  void add_ascii(std::uint16_t tag, std::string_view text);
  void add_bytes(std::uint16_t tag, FieldType type, std::span<const std::uint8_t> bytes);

  // SubIFDs (tag 330), in order; listed as LONG, which more readers know than the type IFD.
  std::vector<Directory> children;

 private:
  friend class DirectoryWriter;
  struct Field {
    std::uint16_t tag = 0;
    FieldType type = FieldType::byte;
    std::uint64_t count = 0;
    std::vector<std::uint64_t> values;  // one a component; a rational has two
    std::vector<std::uint8_t> bytes;    // in place of values where components are bytes
  };
  void add(Field field);
  std::vector<Field> fields_;
};

// The bytes of a chain of directories that will lie at `at` (a multiple of 8): the first directory
// begins there. Throws InternalError when an offset doesn't fit into classic TIFF.
std::vector<std::uint8_t> serialize(const std::vector<Directory>& chain, std::uint64_t at,
                                    bool big);

// The size of what serialize() returns.
std::uint64_t serialized_size(const std::vector<Directory>& chain, bool big);

// The file's first 16 bytes; classic TIFF uses 8 of them.
std::vector<std::uint8_t> header(std::uint64_t first_directory, bool big);

}  // namespace histoloom::pyramid
