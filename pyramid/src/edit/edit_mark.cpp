#include "edit_mark.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "metadata.h"

namespace histoloom::pyramid {
namespace {

constexpr std::uint16_t kDescription = 270, kXmpTag = 700;
constexpr std::uint16_t kByteType = 1, kAsciiType = 2;

// One entry of a directory as its bytes: tag, type, count, and the value or where it lies.
struct RawEntry {
  std::uint16_t tag = 0;
  std::vector<std::uint8_t> bytes;
};

// Where the parts of a directory lie (TIFF 6.0, section 2; BigTIFF).
struct Layout {
  std::size_t count, entry, word;
  explicit Layout(bool big) : count(big ? 8 : 2), entry(big ? 20 : 12), word(big ? 8 : 4) {}
};

std::vector<RawEntry> read_entries(EditOutput& output, std::uint64_t at, const Layout& layout) {
  std::vector<std::uint8_t> count(layout.count);
  output.read(at, count);
  std::vector<RawEntry> entries(output.decode(count));
  at += layout.count;
  for (RawEntry& entry : entries) {
    entry.bytes.resize(layout.entry);
    output.read(at, entry.bytes);
    entry.tag = static_cast<std::uint16_t>(output.decode(std::span(entry.bytes).first(2)));
    at += layout.entry;
  }
  return entries;
}

// Adds a text of at least a word's length, or puts it in the place of the one that is there.
void set_text(EditOutput& output, std::vector<RawEntry>& entries, std::uint16_t tag,
              std::uint16_t type, const std::string& text, const Layout& layout) {
  std::vector<std::uint8_t> value(text.begin(), text.end());
  if (type == kAsciiType || value.size() <= layout.word) value.resize(value.size() + 1);
  value.resize(std::max(value.size(), layout.word + 1));  // never inline
  RawEntry entry{tag, std::vector<std::uint8_t>(layout.entry)};
  const std::span<std::uint8_t> bytes(entry.bytes);
  output.encode(tag, bytes.subspan(0, 2));
  output.encode(type, bytes.subspan(2, 2));
  output.encode(value.size(), bytes.subspan(4, layout.word));
  output.encode(output.append(value, 8), bytes.subspan(4 + layout.word));
  std::erase_if(entries, [&](const RawEntry& e) { return e.tag == tag; });
  const auto after =
      std::find_if(entries.begin(), entries.end(), [&](const RawEntry& e) { return e.tag > tag; });
  entries.insert(after, std::move(entry));
}

std::vector<std::uint8_t> directory_bytes(const EditOutput& output,
                                          const std::vector<RawEntry>& entries,
                                          const std::vector<std::uint8_t>& next,
                                          const Layout& layout) {
  std::vector<std::uint8_t> bytes(layout.count);
  output.encode(entries.size(), bytes);
  for (const RawEntry& entry : entries)
    bytes.insert(bytes.end(), entry.bytes.begin(), entry.bytes.end());
  bytes.insert(bytes.end(), next.begin(), next.end());
  return bytes;
}

}  // namespace

std::string edited_description(const std::string& description, const std::string& note) {
  const std::size_t first = description.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return note;
  if (description[first] == '<' || description[first] == '{') return description;
  return fmt::format("{}|{}", description, note);
}

std::string edited_xmp(const std::string& xmp, const EditMark& mark) {
  if (xmp.find("rainedAlgorithmicMedia") != std::string::npos) return xmp;
  constexpr std::string_view kEnd = "</rdf:RDF>";
  const std::size_t end = xmp.rfind(kEnd);
  WriterOptions options;
  options.software = mark.software;
  options.digital_source_type = mark.digital_source_type;
  const std::string packet = xmp_packet(options);
  if (end == std::string::npos) return packet;
  const std::size_t begin = packet.find("<rdf:Description");
  return xmp.substr(0, end) + packet.substr(begin, packet.find(kEnd) - begin) + xmp.substr(end);
}

void mark_edited(EditOutput& output, const TiffImage& first, const EditMark& mark) {
  const Layout layout(output.big());
  std::vector<RawEntry> entries = read_entries(output, first.at, layout);
  std::vector<std::uint8_t> next(layout.word);
  output.read(first.at + layout.count + entries.size() * layout.entry, next);

  output.append({}, 8);
  const std::string description =
      edited_description(first.description.value_or(std::string()), mark.note);
  if (description != first.description)
    set_text(output, entries, kDescription, kAsciiType, description, layout);
  const std::string xmp = edited_xmp(first.xmp, mark);
  if (xmp != first.xmp) set_text(output, entries, kXmpTag, kByteType, xmp, layout);

  std::vector<std::uint8_t> at(layout.word);
  output.encode(output.append(directory_bytes(output, entries, next, layout)), at);
  output.set_bytes(layout.word, at);  // the header: 4 bytes at 4, or 8 bytes at 8
}

}  // namespace histoloom::pyramid
