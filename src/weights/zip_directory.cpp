#include "zip_directory.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <vector>

#include "histoloom/core/error.h"
#include "histoloom/weights/stored_tensor.h"
#include "little_endian.h"

namespace histoloom {

namespace {

// Records begin with a signature; the sizes are those of their fixed parts.
constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50,
                        kZip64End = 0x06064b50, kZip64Locator = 0x07064b50;
constexpr std::uint64_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kZip64EndBytes = 56,
                        kLocatorBytes = 20, kLongestComment = 0xFFFF;
constexpr std::uint16_t kZip64Field = 1, kEncrypted = 1, kStored = 0;
constexpr std::uint32_t kInZip64 = 0xFFFFFFFF;  // 'see the zip64 field'

[[noreturn]] void refuse_zip(const std::string& path, const std::string& what) {
  throw UserError(fmt::format("{}: not a usable checkpoint: {}", path, what));
}

// Where the central directory lies.
struct Directory {
  std::uint64_t entries = 0, bytes = 0, offset = 0;
};

// An entry as the central directory describes it.
struct Record {
  std::string name;
  std::uint64_t header = 0;  // offset of the local header
  std::uint64_t packed = 0, bytes = 0;
  std::uint32_t crc = 0;
  std::uint64_t data = 0;  // offset of the bytes
};

class ZipParser {
 public:
  ZipParser(std::span<const std::uint8_t> file, const std::string& path)
      : file_(file), path_(path) {}

  ZipDirectory parse();

 private:
  // The number at `offset`, which everything that isn't damaged holds.
  template <class T>
  T at(std::uint64_t offset) const {
    const auto value = little_endian<T>(file_, offset);
    if (!value) refuse_zip(path_, fmt::format("it ends at byte {}; it was cut", file_.size()));
    return *value;
  }
  bool signed_as(std::uint32_t signature, std::uint64_t offset) const {
    return little_endian<std::uint32_t>(file_, offset) == signature;
  }

  std::uint64_t find_end() const;
  Directory find_directory() const;
  Directory read_zip64_end(std::uint64_t locator) const;
  Record read_record(std::uint64_t& offset) const;
  void read_zip64_field(Record& record, std::uint64_t begin, std::uint64_t end) const;
  void find_data(Record& record) const;
  void check_overlaps(std::vector<Record>& records, std::uint64_t limit) const;

  std::span<const std::uint8_t> file_;
  const std::string& path_;
};

// The end record is the last; only a comment follows it.
std::uint64_t ZipParser::find_end() const {
  for (std::uint64_t comment = 0; comment <= kLongestComment; ++comment) {
    if (file_.size() < kEndBytes + comment) break;
    const std::uint64_t offset = file_.size() - kEndBytes - comment;
    if (signed_as(kEnd, offset) && at<std::uint16_t>(offset + 20) == comment) return offset;
  }
  refuse_zip(path_, "its zip directory is missing; it was cut or is no zip file");
}

Directory ZipParser::find_directory() const {
  const std::uint64_t end = find_end();
  Directory directory{at<std::uint16_t>(end + 10), at<std::uint32_t>(end + 12),
                      at<std::uint32_t>(end + 16)};
  std::uint64_t limit = end;
  if (end >= kLocatorBytes && signed_as(kZip64Locator, end - kLocatorBytes)) {
    limit = end - kLocatorBytes;
    directory = read_zip64_end(limit);
  }
  if (directory.offset > limit || directory.bytes > limit - directory.offset)
    refuse_zip(path_,
               fmt::format("its zip directory of {} bytes at byte {} lies outside of the file",
                           directory.bytes, directory.offset));
  return directory;
}

Directory ZipParser::read_zip64_end(std::uint64_t locator) const {
  const auto offset = at<std::uint64_t>(locator + 8);
  if (offset > locator || locator - offset < kZip64EndBytes || !signed_as(kZip64End, offset))
    refuse_zip(path_, fmt::format("its zip64 record is not at byte {}", offset));
  return {at<std::uint64_t>(offset + 32), at<std::uint64_t>(offset + 40),
          at<std::uint64_t>(offset + 48)};
}

// Reads the record at `offset` and moves it to the next.
Record ZipParser::read_record(std::uint64_t& offset) const {
  if (!signed_as(kCentralHeader, offset))
    refuse_zip(path_, fmt::format("its zip directory is damaged at byte {}", offset));
  const auto name_bytes = at<std::uint16_t>(offset + 28);
  const std::uint64_t name = offset + kCentralBytes;
  const std::uint64_t extra = name + name_bytes;
  const std::uint64_t comment = extra + at<std::uint16_t>(offset + 30);
  const std::uint64_t next = comment + at<std::uint16_t>(offset + 32);
  if (next > file_.size())
    refuse_zip(path_, fmt::format("it ends at byte {}; it was cut", file_.size()));

  Record record;
  record.name.assign(reinterpret_cast<const char*>(file_.data()) + name, name_bytes);
  record.crc = at<std::uint32_t>(offset + 16);
  record.packed = at<std::uint32_t>(offset + 20);
  record.bytes = at<std::uint32_t>(offset + 24);
  record.header = at<std::uint32_t>(offset + 42);
  read_zip64_field(record, extra, comment);
  if ((at<std::uint16_t>(offset + 8) & kEncrypted) != 0)
    refuse_zip(path_, fmt::format("its entry '{}' is encrypted", printable(record.name)));
  if (at<std::uint16_t>(offset + 10) != kStored || record.packed != record.bytes)
    refuse_zip(path_,
               fmt::format("its entry '{}' is compressed, which torch.save never does; write the "
                           "checkpoint again with torch.save",
                           printable(record.name)));
  offset = next;
  return record;
}

// Takes the sizes and the offset that need more than 32 bits from the extra field, where they stand
// in a fixed order, each only if it is needed.
void ZipParser::read_zip64_field(Record& record, std::uint64_t begin, std::uint64_t end) const {
  while (end - begin >= 4) {
    const auto id = at<std::uint16_t>(begin);
    const std::uint64_t field_end = begin + 4 + at<std::uint16_t>(begin + 2);
    if (field_end > end) break;
    std::uint64_t value = begin + 4;
    begin = field_end;
    if (id != kZip64Field) continue;
    for (std::uint64_t* number : {&record.bytes, &record.packed, &record.header}) {
      if (*number != kInZip64 || field_end - value < 8) continue;
      *number = at<std::uint64_t>(value);
      value += 8;
    }
  }
}

// The local header repeats the name; its sizes may stand behind the data instead, so that the
// directory's count.
void ZipParser::find_data(Record& record) const {
  const bool found = signed_as(kLocalHeader, record.header);
  const std::uint64_t name = record.header + kLocalBytes;
  if (found)
    record.data =
        name + at<std::uint16_t>(record.header + 26) + at<std::uint16_t>(record.header + 28);
  if (!found || record.data > file_.size() || record.bytes > file_.size() - record.data)
    refuse_zip(path_, fmt::format("its entry '{}' of {} bytes at byte {} lies outside of the file",
                                  printable(record.name), record.bytes, record.header));
  const auto repeated = at<std::uint16_t>(record.header + 26);
  if (repeated != record.name.size() ||
      !std::equal(record.name.begin(), record.name.end(), file_.begin() + name,
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
    refuse_zip(path_, fmt::format("its entry '{}' has another name in its own header",
                                  printable(record.name)));
}

void ZipParser::check_overlaps(std::vector<Record>& records, std::uint64_t limit) const {
  std::sort(records.begin(), records.end(),
            [](const Record& a, const Record& b) { return a.header < b.header; });
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bool last = i + 1 == records.size();
    if (records[i].data + records[i].bytes <= (last ? limit : records[i + 1].header)) continue;
    const std::string next =
        last ? "its zip directory" : fmt::format("'{}'", printable(records[i + 1].name));
    refuse_zip(path_, fmt::format("its entry '{}' overlaps {}", printable(records[i].name), next));
  }
}

ZipDirectory ZipParser::parse() {
  const Directory directory = find_directory();
  std::vector<Record> records;
  ZipDirectory out;
  std::uint64_t offset = directory.offset;
  const std::uint64_t end = directory.offset + directory.bytes;
  while (offset < end) {
    Record record = read_record(offset);
    find_data(record);
    if (!out.emplace(record.name, ZipEntry{record.data, record.bytes, record.crc}).second)
      refuse_zip(path_, fmt::format("its entry '{}' stands in it twice", printable(record.name)));
    records.push_back(std::move(record));
  }
  if (offset != end || records.size() != directory.entries)
    refuse_zip(path_, fmt::format("its zip directory has {} entries where {} are announced",
                                  records.size(), directory.entries));
  check_overlaps(records, directory.offset);
  return out;
}

}  // namespace

ZipDirectory parse_zip_directory(std::span<const std::uint8_t> file, const std::string& path) {
  return ZipParser(file, path).parse();
}

void check_crc(std::span<const std::uint8_t> file, const std::string& name, const ZipEntry& entry,
               const std::string& path) {
  const auto bytes = entry.in(file);
  if (crc32_z(0, bytes.data(), bytes.size()) != entry.crc)
    refuse_zip(path,
               fmt::format("its entry '{}' has another checksum than the zip directory says; the "
                           "file is damaged, fetch it again",
                           printable(name)));
}

}  // namespace histoloom
