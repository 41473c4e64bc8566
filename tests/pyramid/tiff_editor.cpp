#include "tiff_editor.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

#include "support.h"

namespace histoloom::pyramid::test {
namespace {

std::uint32_t get(const std::vector<std::uint8_t>& b, std::size_t at, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    value |= std::uint32_t{b.at(at + std::size_t(i))} << (8 * i);
  }
  return value;
}

void put(std::vector<std::uint8_t>& b, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) b.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void overwrite(std::vector<std::uint8_t>& b, std::size_t at, std::size_t value) {
  for (std::size_t i = 0; i < 4; ++i) b[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::size_t value_bytes(std::uint16_t type, std::uint32_t count) {
  constexpr std::array<std::size_t, 19> kBytes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                               8, 4, 8, 4, 0, 0, 8, 8, 8};
  return kBytes.at(type) * count;
}

TiffEditor::Directory read_directory(const std::vector<std::uint8_t>& b, std::uint32_t at) {
  TiffEditor::Directory d;
  for (std::uint32_t i = 0; i < get(b, at, 2); ++i) {
    const std::size_t e = at + 2 + 12 * i;
    TiffEditor::Entry entry{static_cast<std::uint16_t>(get(b, e, 2)),
                            static_cast<std::uint16_t>(get(b, e + 2, 2)),
                            get(b, e + 4, 4),
                            {}};
    const std::size_t size = value_bytes(entry.type, entry.count);
    const std::size_t from = size <= 4 ? e + 8 : get(b, e + 8, 4);
    entry.value.assign(b.begin() + std::ptrdiff_t(from), b.begin() + std::ptrdiff_t(from + size));
    if (entry.tag == 330) {
      for (std::uint32_t k = 0; k < entry.count; ++k) {
        d.children.push_back(read_directory(b, get(entry.value, 4 * k, 4)));
      }
    } else {
      d.entries.push_back(entry);
    }
  }
  return d;
}

// Appends `d` and returns where its link to the next one stands.
std::size_t append(std::vector<std::uint8_t>& out, const TiffEditor::Directory& d) {
  TiffEditor::Directory copy = d;
  if (!d.children.empty()) {
    TiffEditor::Entry subs{330, 4, static_cast<std::uint32_t>(d.children.size()), {}};
    for (const auto& child : d.children) {
      if (out.size() % 2 != 0) out.push_back(0);
      put(subs.value, static_cast<std::uint32_t>(out.size()), 4);
      append(out, child);
    }
    const auto place = std::find_if(copy.entries.begin(), copy.entries.end(),
                                    [](const auto& e) { return e.tag > 330; });
    copy.entries.insert(place, subs);
  }
  if (out.size() % 2 != 0) out.push_back(0);
  const std::size_t at = out.size();
  std::size_t extra = at + 2 + 12 * copy.entries.size() + 4;
  std::vector<std::uint8_t> tail;
  put(out, static_cast<std::uint32_t>(copy.entries.size()), 2);
  for (const auto& e : copy.entries) {
    put(out, e.tag, 2);
    put(out, e.type, 2);
    put(out, e.count, 4);
    if (e.value.size() <= 4) {
      std::vector<std::uint8_t> inline_value = e.value;
      inline_value.resize(4, 0);
      out.insert(out.end(), inline_value.begin(), inline_value.end());
    } else {
      put(out, static_cast<std::uint32_t>(extra + tail.size()), 4);
      tail.insert(tail.end(), e.value.begin(), e.value.end());
      if (tail.size() % 2 != 0) tail.push_back(0);
    }
  }
  const std::size_t link = out.size();
  put(out, 0, 4);
  out.insert(out.end(), tail.begin(), tail.end());
  return link;
}

}  // namespace

TiffEditor::Entry& TiffEditor::Directory::find(std::uint16_t tag) {
  for (Entry& e : entries) {
    if (e.tag == tag) return e;
  }
  throw std::runtime_error("no tag " + std::to_string(tag));
}

void TiffEditor::Directory::remove(std::uint16_t tag) {
  std::erase_if(entries, [tag](const Entry& e) { return e.tag == tag; });
}

void TiffEditor::Directory::put(Entry entry) {
  remove(entry.tag);
  const auto place = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& e) { return e.tag > entry.tag; });
  entries.insert(place, std::move(entry));
}

void TiffEditor::Directory::set_short(std::uint16_t tag, std::uint16_t value) {
  Entry e{tag, 3, 1, {}};
  test::put(e.value, value, 2);
  put(std::move(e));
}

void TiffEditor::Directory::set_long(std::uint16_t tag, std::uint32_t value) {
  Entry e{tag, 4, 1, {}};
  test::put(e.value, value, 4);
  put(std::move(e));
}

void TiffEditor::Directory::set_text(std::uint16_t tag, const std::string& text) {
  Entry e{tag, 2, static_cast<std::uint32_t>(text.size() + 1), {text.begin(), text.end()}};
  e.value.push_back(0);
  put(std::move(e));
}

void TiffEditor::Directory::set_rational(std::uint16_t tag, std::uint32_t numerator,
                                         std::uint32_t denominator) {
  Entry e{tag, 5, 1, {}};
  test::put(e.value, numerator, 4);
  test::put(e.value, denominator, 4);
  put(std::move(e));
}

void TiffEditor::Directory::set_item(std::uint16_t tag, std::size_t index, std::uint32_t value) {
  std::vector<std::uint8_t> raw;
  test::put(raw, value, 4);
  std::copy(raw.begin(), raw.end(), find(tag).value.begin() + std::ptrdiff_t(4 * index));
}

std::uint32_t TiffEditor::Directory::item(std::uint16_t tag, std::size_t index) {
  return get(find(tag).value, 4 * index, 4);
}

std::string TiffEditor::Directory::text(std::uint16_t tag) {
  const Entry& e = find(tag);
  return {e.value.begin(), e.value.end() - 1};
}

TiffEditor::TiffEditor(const std::filesystem::path& path) : bytes(bytes_of(path)) {
  if (get(bytes, 0, 4) != 0x002A4949) throw std::runtime_error("not a classic TIFF");
  for (std::uint32_t at = get(bytes, 4, 4); at != 0;) {
    chain.push_back(read_directory(bytes, at));
    at = get(bytes, at + 2 + 12 * get(bytes, at, 2), 4);
  }
}

namespace {

// The file's bytes with its chain behind them; `at` receives where each directory begins.
std::vector<std::uint8_t> with_chain(const TiffEditor& editor, std::vector<std::size_t>& at) {
  std::vector<std::uint8_t> out = editor.bytes;
  std::size_t link = 4;
  for (const TiffEditor::Directory& d : editor.chain) {
    const std::size_t next = append(out, d);
    // append() puts the children first; the directory itself ends 12 bytes an entry before its
    // link.
    const std::size_t entries = d.entries.size() + (d.children.empty() ? 0u : 1u);
    at.push_back(next - 12 * entries - 2);
    overwrite(out, link, at.back());
    link = next;
  }
  return out;
}

void write_file(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::ptrdiff_t(bytes.size()));
}

}  // namespace

void TiffEditor::save(const std::filesystem::path& path) const {
  std::vector<std::size_t> at;
  write_file(path, with_chain(*this, at));
}

void TiffEditor::save_sharing_children(const std::filesystem::path& path) const {
  std::vector<std::size_t> at;
  std::vector<std::uint8_t> out = with_chain(*this, at);
  std::size_t entry = at[0] + 2;
  while (get(out, entry, 2) != 330) entry += 12;
  const std::size_t list = get(out, entry + 8, 4);
  for (std::size_t i = 0; i < chain[0].children.size(); ++i) {
    overwrite(out, list + 4 * i, at[i + 1]);
  }
  write_file(path, out);
}

}  // namespace histoloom::pyramid::test
