#include "tiff_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {
namespace {

// Far above what a slide has, far below what would hurt.
constexpr std::uint64_t kMaxFields = 4096;  // of one directory; libtiff's own limit
constexpr std::uint64_t kMaxFieldsInAll = 65536;

enum Type : std::uint16_t {
  kByte = 1,
  kAscii = 2,
  kShort = 3,
  kLong = 4,
  kRational = 5,
  kSbyte = 6,
  kUndefined = 7,
  kSshort = 8,
  kSlong = 9,
  kIfd = 13,
  kLong8 = 16,
  kSlong8 = 17,
  kIfd8 = 18,
};

constexpr std::uint32_t bit(unsigned type) { return 1u << type; }
constexpr std::uint32_t kInteger = bit(kShort) | bit(kLong);
constexpr std::uint32_t kCounts = kInteger | bit(kLong8);

// Types that TIFF 6.0 allows for the tags that slide readers look at.
struct TagRule {
  std::uint16_t tag;
  const char* name;
  std::uint32_t types;
  const char* expected;
};
constexpr std::array kTagRules{
    TagRule{254, "NewSubfileType", bit(kLong), "LONG"},
    TagRule{256, "ImageWidth", kInteger, "SHORT or LONG"},
    TagRule{257, "ImageLength", kInteger, "SHORT or LONG"},
    TagRule{258, "BitsPerSample", bit(kShort), "SHORT"},
    TagRule{259, "Compression", bit(kShort), "SHORT"},
    TagRule{262, "PhotometricInterpretation", bit(kShort), "SHORT"},
    TagRule{270, "ImageDescription", bit(kAscii), "ASCII"},
    TagRule{273, "StripOffsets", kCounts, "SHORT, LONG or LONG8"},
    TagRule{274, "Orientation", bit(kShort), "SHORT"},
    TagRule{277, "SamplesPerPixel", bit(kShort), "SHORT"},
    TagRule{278, "RowsPerStrip", kInteger, "SHORT or LONG"},
    TagRule{279, "StripByteCounts", kCounts, "SHORT, LONG or LONG8"},
    TagRule{282, "XResolution", bit(kRational), "RATIONAL"},
    TagRule{283, "YResolution", bit(kRational), "RATIONAL"},
    TagRule{284, "PlanarConfiguration", bit(kShort), "SHORT"},
    TagRule{296, "ResolutionUnit", bit(kShort), "SHORT"},
    TagRule{305, "Software", bit(kAscii), "ASCII"},
    TagRule{306, "DateTime", bit(kAscii), "ASCII"},
    TagRule{317, "Predictor", bit(kShort), "SHORT"},
    TagRule{320, "ColorMap", bit(kShort), "SHORT"},
    TagRule{322, "TileWidth", kInteger, "SHORT or LONG"},
    TagRule{323, "TileLength", kInteger, "SHORT or LONG"},
    TagRule{324, "TileOffsets", bit(kLong) | bit(kLong8), "LONG or LONG8"},
    TagRule{325, "TileByteCounts", kCounts, "SHORT, LONG or LONG8"},
    TagRule{330, "SubIFDs", bit(kLong) | bit(kIfd) | bit(kLong8) | bit(kIfd8), "LONG or IFD"},
    TagRule{339, "SampleFormat", bit(kShort), "SHORT"},
    TagRule{347, "JPEGTables", bit(kUndefined), "UNDEFINED"},
    TagRule{530, "YCbCrSubSampling", bit(kShort), "SHORT"},
    TagRule{700, "XMP", bit(kByte) | bit(kUndefined), "BYTE or UNDEFINED"},
    TagRule{34675, "ICC profile", bit(kUndefined), "UNDEFINED"},
};

const TagRule* rule_of(std::uint16_t tag) {
  const auto* rule = std::find_if(kTagRules.begin(), kTagRules.end(),
                                  [tag](const TagRule& r) { return r.tag == tag; });
  return rule == kTagRules.end() ? nullptr : rule;
}

constexpr std::array<std::string_view, 19> kTypeNames{
    "0",         "BYTE",   "ASCII", "SHORT",     "LONG",  "RATIONAL", "SBYTE",
    "UNDEFINED", "SSHORT", "SLONG", "SRATIONAL", "FLOAT", "DOUBLE",   "IFD",
    "14",        "15",     "LONG8", "SLONG8",    "IFD8"};

std::string type_name(std::uint16_t type) {
  return type < kTypeNames.size() ? std::string(kTypeNames[type]) : fmt::format("{}", type);
}

void check_type(RawDirectory& d, const TiffField& field, bool big) {
  const TagRule* rule = rule_of(field.tag);
  if (rule != nullptr && (field.type >= 32 || (rule->types & bit(field.type)) == 0)) {
    d.defects.push_back(fmt::format("{} has type {}, {} is expected", rule->name,
                                    type_name(field.type), rule->expected));
  }
  if (!big && (field.type == kLong8 || field.type == kSlong8 || field.type == kIfd8)) {
    d.defects.push_back(fmt::format("{} has type {}, which only BigTIFF knows", tag_name(field.tag),
                                    type_name(field.type)));
  }
}

}  // namespace

std::string tag_name(std::uint16_t tag) {
  const TagRule* rule = rule_of(tag);
  return rule != nullptr ? rule->name : fmt::format("tag {}", tag);
}

unsigned type_bytes(std::uint16_t type) {
  constexpr std::array<unsigned, 19> kBytes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                            8, 4, 8, 4, 0, 0, 8, 8, 8};
  return type < kBytes.size() ? kBytes[type] : 0;
}

const TiffField* RawDirectory::find(std::uint16_t tag) const {
  const auto field =
      std::find_if(fields.begin(), fields.end(), [tag](const auto& f) { return f.tag == tag; });
  return field == fields.end() ? nullptr : &*field;
}

std::uint64_t TiffParser::number(const std::uint8_t* p, unsigned bytes) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value = value << 8 | p[little_ ? bytes - 1 - i : i];
  return value;
}

bool TiffParser::holds(std::uint64_t at, std::uint64_t count) const {
  return at <= source_.size() && count <= source_.size() - at;
}

std::uint64_t TiffParser::read_number(std::uint64_t at, unsigned bytes) const {
  std::array<std::uint8_t, 8> buffer{};
  source_.read(at, std::span(buffer).first(bytes));
  return number(buffer.data(), bytes);
}

TiffParser::TiffParser(ByteSource& source, std::string name)
    : source_(source), name_(std::move(name)) {
  std::array<std::uint8_t, 4> head{};
  if (holds(0, 8)) source_.read(0, head);
  little_ = head[0] == 'I';
  const bool order = (head[0] == 'I' && head[1] == 'I') || (head[0] == 'M' && head[1] == 'M');
  const std::uint64_t version = number(head.data() + 2, 2);
  if (!order || (version != 42 && version != 43)) {
    throw UserError(fmt::format("{} is no TIFF file: it doesn't begin with a TIFF header", name_),
                    ErrorCode::wrong_format);
  }
  big_ = version == 43;
  if (big_ && (!holds(0, 16) || read_number(4, 2) != 8)) {
    throw UserError(fmt::format("{}: the header of the BigTIFF file is broken", name_),
                    ErrorCode::damaged_file);
  }
  first_ = big_ ? read_number(8, 8) : read_number(4, 4);
}

RawDirectory TiffParser::directory(std::uint64_t at, const std::string& what) {
  const unsigned head = big_ ? 8 : 2;
  const unsigned entry = big_ ? 20 : 12;
  const unsigned tail = big_ ? 8 : 4;
  if (at < 8 || !holds(at, head)) {
    throw UserError(fmt::format("{}: {} lies at byte {}, but the file has {}; it is truncated",
                                name_, what, at, source_.size()),
                    ErrorCode::damaged_file);
  }
  const std::uint64_t count = read_number(at, head);
  if (count == 0 || count > kMaxFields || fields_read_ + count > kMaxFieldsInAll) {
    throw UserError(fmt::format("{}: {} at byte {} claims {} entries; the file is damaged", name_,
                                what, at, count),
                    ErrorCode::damaged_file);
  }
  if (!holds(at + head, count * entry + tail)) {
    throw UserError(fmt::format("{}: {} at byte {} reaches past the end of the file ({} bytes); "
                                "it is truncated",
                                name_, what, at, source_.size()),
                    ErrorCode::damaged_file);
  }
  fields_read_ += count;
  RawDirectory d;
  d.at = at;
  const std::vector<std::uint8_t> raw = bytes(at + head, count * entry + tail);
  for (std::uint64_t i = 0; i < count; ++i) {
    add_field(d, raw.data() + i * entry, at + head + i * entry);
  }
  d.next = number(raw.data() + count * entry, tail);
  return d;
}

void TiffParser::add_field(RawDirectory& d, const std::uint8_t* entry, std::uint64_t entry_at) {
  const unsigned word = big_ ? 8 : 4;
  TiffField field;
  field.tag = static_cast<std::uint16_t>(number(entry, 2));
  field.type = static_cast<std::uint16_t>(number(entry + 2, 2));
  field.count = number(entry + 4, word);
  if (!d.fields.empty() && field.tag <= d.fields.back().tag) {
    const bool twice = field.tag == d.fields.back().tag;
    d.defects.push_back(tag_name(field.tag) +
                        (twice ? " is given twice" : " is out of order; tags must ascend"));
  }
  check_type(d, field, big_);
  const unsigned size = type_bytes(field.type);
  if (size == 0) return;  // readers skip unknown types
  if (field.count > source_.size() / size) {
    d.defects.push_back(fmt::format("{} claims {} values, more than the file holds",
                                    tag_name(field.tag), field.count));
    return;
  }
  const std::uint64_t bytes = field.count * size;
  field.at = bytes <= word ? entry_at + 4 + word : number(entry + 4 + word, word);
  if (!holds(field.at, bytes)) {
    d.truncated = true;
    d.defects.push_back(
        fmt::format("{}'s values lie past the end of the file", tag_name(field.tag)));
    return;
  }
  d.fields.push_back(field);
}

std::vector<std::uint64_t> TiffParser::integers(const TiffField& field, std::uint64_t first,
                                                std::uint64_t limit) const {
  // Signed ones, too, as libtiff does; what is negative comes out huge.
  constexpr std::uint32_t kIntegers = bit(kByte) | bit(kShort) | bit(kLong) | bit(kSbyte) |
                                      bit(kSshort) | bit(kSlong) | bit(kIfd) | bit(kLong8) |
                                      bit(kSlong8) | bit(kIfd8);
  if (field.type >= 32 || (kIntegers & bit(field.type)) == 0 || first >= field.count) return {};
  const unsigned size = type_bytes(field.type);
  const std::uint64_t count = std::min(limit, field.count - first);
  const std::vector<std::uint8_t> raw = bytes(field.at + first * size, count * size);
  std::vector<std::uint64_t> values(count);
  for (std::uint64_t i = 0; i < count; ++i) values[i] = number(raw.data() + i * size, size);
  return values;
}

std::optional<double> TiffParser::rational(const TiffField& field) const {
  if (field.type != kRational || field.count == 0) return std::nullopt;
  const auto numerator = static_cast<double>(read_number(field.at, 4));
  const auto denominator = static_cast<double>(read_number(field.at + 4, 4));
  if (denominator == 0) return 0.0;
  return numerator / denominator;
}

std::string TiffParser::text(const TiffField& field, std::uint64_t limit) const {
  if (type_bytes(field.type) != 1) return {};
  const std::vector<std::uint8_t> raw = bytes(field.at, std::min(field.count, limit));
  return {raw.begin(), std::find(raw.begin(), raw.end(), std::uint8_t{0})};
}

std::vector<std::uint8_t> TiffParser::bytes(std::uint64_t at, std::uint64_t count) const {
  std::vector<std::uint8_t> out(count);
  source_.read(at, out);
  return out;
}

}  // namespace histoloom::pyramid
