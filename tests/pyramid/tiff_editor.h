// Breaks TIFF files by hand: takes the directories apart, lets a test change them, writes them
// behind the file's data. Apart from the library's own reader and writer; classic TIFF,
// little-endian.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace histoloom::pyramid::test {

class TiffEditor {
 public:
  struct Entry {
    std::uint16_t tag = 0;
    std::uint16_t type = 0;
    std::uint32_t count = 0;
    std::vector<std::uint8_t> value;
  };
  struct Directory {
    std::vector<Entry> entries;
    std::vector<Directory> children;  // SubIFDs; tag 330 is written from them

    Entry& find(std::uint16_t tag);
    void remove(std::uint16_t tag);
    // Replace or add, at the tag's place.
    void set_short(std::uint16_t tag, std::uint16_t value);
    void set_long(std::uint16_t tag, std::uint32_t value);
    void set_text(std::uint16_t tag, const std::string& text);
    void set_rational(std::uint16_t tag, std::uint32_t numerator, std::uint32_t denominator);
    // One number of an array of LONG.
    void set_item(std::uint16_t tag, std::size_t index, std::uint32_t value);
    std::uint32_t item(std::uint16_t tag, std::size_t index);
    std::string text(std::uint16_t tag);

   private:
    void put(Entry entry);
  };

  explicit TiffEditor(const std::filesystem::path& path);
  void save(const std::filesystem::path& path) const;
  // The same, but the SubIFDs of the first directory are the directories that follow it in `chain`.
  void save_sharing_children(const std::filesystem::path& path) const;

  std::vector<Directory> chain;
  std::vector<std::uint8_t> bytes;  // of the file that was read
};

}  // namespace histoloom::pyramid::test
