// Directories and values of a TIFF file as they lie in its bytes; tiff_file.cpp makes facts of
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/pyramid/tiff_file.h"

namespace histoloom::pyramid {

// One entry of a directory. The value lies within the file, whole.
struct TiffField {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;
  std::uint64_t count = 0;
  std::uint64_t at = 0;  // where the value lies
};

struct RawDirectory {
  std::uint64_t at = 0;
  std::uint64_t next = 0;
  std::vector<TiffField> fields;
  std::vector<std::string> defects;
  bool truncated = false;  // a value lies past the end of the file

  const TiffField* find(std::uint16_t tag) const;
};

// "ImageWidth", or "tag 40000".
std::string tag_name(std::uint16_t tag);
// Bytes of one value; 0 for a type that TIFF doesn't know.
unsigned type_bytes(std::uint16_t type);

class TiffParser {
 public:
  // Reads the header. `source` outlives the parser. \error UserError.
  TiffParser(ByteSource& source, std::string name);

  bool big() const { return big_; }
  bool little_endian() const { return little_; }
  std::uint64_t first_directory() const { return first_; }
  std::uint64_t file_bytes() const { return source_.size(); }

  // The directory at `at`; fields whose value is not whole are left out and noted as defects.
  // \error UserError naming `what` ("directory 3") where it isn't there or there are too many.
  RawDirectory directory(std::uint64_t at, const std::string& what);

  // Up to `limit` values from the `first` one on, of any integer type; else none.
  std::vector<std::uint64_t> integers(const TiffField& field, std::uint64_t first,
                                      std::uint64_t limit) const;
  std::optional<double> rational(const TiffField& field) const;
  // Text up to its first NUL, at most `limit` bytes.
  std::string text(const TiffField& field, std::uint64_t limit) const;
  std::vector<std::uint8_t> bytes(std::uint64_t at, std::uint64_t count) const;

 private:
  std::uint64_t number(const std::uint8_t* p, unsigned bytes) const;
  std::uint64_t read_number(std::uint64_t at, unsigned bytes) const;
  bool holds(std::uint64_t at, std::uint64_t count) const;
  void add_field(RawDirectory& d, const std::uint8_t* entry, std::uint64_t entry_at);

  ByteSource& source_;
  std::string name_;
  bool big_ = false;
  bool little_ = true;
  std::uint64_t first_ = 0;
  std::uint64_t fields_read_ = 0;
};

}  // namespace histoloom::pyramid
