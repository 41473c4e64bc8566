#include "tiff_directory.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {
namespace {

constexpr std::uint16_t kSubIfds = 330;

std::uint64_t align8(std::uint64_t n) { return (n + 7) / 8 * 8; }

void put(std::vector<std::uint8_t>& out, std::uint64_t at, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    out[at + static_cast<std::uint64_t>(i)] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

std::uint16_t type_code(FieldType type, bool big) {
  if (type == FieldType::offset) return big ? 16 : 4;
  return static_cast<std::uint16_t>(type);
}

int component_bytes(FieldType type, bool big) {
  switch (type) {
    case FieldType::byte:
    case FieldType::ascii:
    case FieldType::undefined:
      return 1;
    case FieldType::short_:
      return 2;
    case FieldType::long_:
    case FieldType::rational:  // two LONGs
      return 4;
    case FieldType::offset:
      return big ? 8 : 4;
  }
  throw InternalError("no such field type");
}

}  // namespace

Rational to_rational(double value) {
  check_internal(std::isfinite(value) && value > 0, "a resolution must be positive");
  constexpr double kMax = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t denominator = 1000000000;
  while (denominator > 1 && value * static_cast<double>(denominator) > kMax) denominator /= 10;
  const double scaled = std::min(kMax, std::round(value * static_cast<double>(denominator)));
  const auto numerator = static_cast<std::uint64_t>(std::max(1.0, scaled));
  const std::uint64_t divisor = std::gcd(numerator, denominator);
  return {static_cast<std::uint32_t>(numerator / divisor),
          static_cast<std::uint32_t>(denominator / divisor)};
}

void Directory::add(Field field) {
  const auto place = std::lower_bound(fields_.begin(), fields_.end(), field.tag,
                                      [](const Field& f, std::uint16_t t) { return f.tag < t; });
  check_internal(place == fields_.end() || place->tag != field.tag, "a TIFF tag was added twice");
  fields_.insert(place, std::move(field));
}

void Directory::add_shorts(std::uint16_t tag, std::span<const std::uint16_t> values) {
  add({tag, FieldType::short_, values.size(), {values.begin(), values.end()}, {}});
}

void Directory::replace_short(std::uint16_t tag, std::uint16_t value) {
  const auto place =
      std::find_if(fields_.begin(), fields_.end(), [tag](const Field& f) { return f.tag == tag; });
  check_internal(place != fields_.end(), "a TIFF tag to be replaced is absent");
  place->values = {value};
}

void Directory::add_long(std::uint16_t tag, std::uint32_t value) { add_longs(tag, {value}); }

void Directory::add_longs(std::uint16_t tag, std::vector<std::uint64_t> values) {
  const std::uint64_t count = values.size();
  add({tag, FieldType::long_, count, std::move(values), {}});
}

void Directory::add_offsets(std::uint16_t tag, std::vector<std::uint64_t> values) {
  const std::uint64_t count = values.size();
  add({tag, FieldType::offset, count, std::move(values), {}});
}

void Directory::add_rationals(std::uint16_t tag, std::span<const Rational> values) {
  Field field{tag, FieldType::rational, values.size(), {}, {}};
  for (const Rational& r : values) {
    field.values.push_back(r.numerator);
    field.values.push_back(r.denominator);
  }
  add(std::move(field));
}

void Directory::add_ascii(std::uint16_t tag, std::string_view text) {
  Field field{tag, FieldType::ascii, text.size() + 1, {}, {text.begin(), text.end()}};
  field.bytes.push_back(0);
  add(std::move(field));
}

void Directory::add_bytes(std::uint16_t tag, FieldType type, std::span<const std::uint8_t> bytes) {
  add({tag, type, bytes.size(), {}, {bytes.begin(), bytes.end()}});
}

// Lays a chain out (sizes first, so that offsets are known), then writes it.
class DirectoryWriter {
 public:
  DirectoryWriter(const std::vector<Directory>& chain, std::uint64_t at, bool big)
      : at_(at), end_(at), big_(big) {
    for (const Directory& d : chain) lay_out(d);
  }

  std::uint64_t size() const { return end_ - at_; }

  std::vector<std::uint8_t> write(const std::vector<Directory>& chain) {
    check_internal(big_ || end_ <= std::numeric_limits<std::uint32_t>::max(),
                   "a classic TIFF has outgrown 4 GiB");
    out_.assign(size(), 0);
    next_ = 0;
    for (std::size_t i = 0; i < chain.size(); ++i) write_one(chain[i], i + 1 < chain.size());
    return std::move(out_);
  }

 private:
  int word() const { return big_ ? 8 : 4; }

  std::uint64_t bytes_of(const Directory::Field& f) const {
    if (!f.bytes.empty()) return f.bytes.size();
    return f.values.size() * static_cast<std::uint64_t>(component_bytes(f.type, big_));
  }

  std::uint64_t table_size(const Directory& d) const {
    const std::uint64_t entries = d.fields_.size() + (d.children.empty() ? 0 : 1);
    return big_ ? 16 + 20 * entries : 6 + 12 * entries;
  }

  // Reserves room for `d` and then for its children, in the order in which write_one() comes by.
  void lay_out(const Directory& d) {
    starts_.push_back(end_);
    end_ = align8(end_ + table_size(d));
    for (const auto& f : d.fields_) {
      if (bytes_of(f) > static_cast<std::uint64_t>(word())) end_ = align8(end_ + bytes_of(f));
    }
    const std::uint64_t pointers = d.children.size() * static_cast<std::uint64_t>(word());
    if (d.children.size() > 1) end_ = align8(end_ + pointers);
    for (const Directory& child : d.children) {
      check_internal(child.children.empty(), "SubIFDs are one level deep");
      lay_out(child);
    }
  }

  void write_field(const Directory::Field& f, std::uint64_t& entry, std::uint64_t& extra) {
    put(out_, entry, f.tag, 2);
    put(out_, entry + 2, type_code(f.type, big_), 2);
    put(out_, entry + 4, f.count, word());
    std::uint64_t to = entry + 4 + static_cast<std::uint64_t>(word());
    if (bytes_of(f) > static_cast<std::uint64_t>(word())) {
      put(out_, to, at_ + extra, word());
      to = extra;
      extra = align8(extra + bytes_of(f));
    }
    std::copy(f.bytes.begin(), f.bytes.end(), out_.begin() + static_cast<std::ptrdiff_t>(to));
    const int width = component_bytes(f.type, big_);
    for (const std::uint64_t value : f.values) {
      put(out_, to, value, width);
      to += static_cast<std::uint64_t>(width);
    }
    entry += 4 + 2 * static_cast<std::uint64_t>(word());
  }

  Directory::Field children_field(const Directory& d, std::size_t own) const {
    Directory::Field field{kSubIfds, FieldType::offset, d.children.size(), {}, {}};
    for (std::size_t i = 0; i < d.children.size(); ++i) {
      field.values.push_back(starts_[own + 1 + i]);
    }
    return field;
  }

  void write_one(const Directory& d, bool more) {
    const std::size_t own = next_++;
    const std::uint64_t start = starts_[own] - at_;
    auto fields = d.fields_;
    if (!d.children.empty()) {
      const auto place = std::find_if(fields.begin(), fields.end(),
                                      [](const auto& f) { return f.tag > kSubIfds; });
      fields.insert(place, children_field(d, own));
    }
    put(out_, start, fields.size(), big_ ? 8 : 2);
    std::uint64_t entry = start + (big_ ? 8 : 2);
    std::uint64_t extra = align8(starts_[own] + table_size(d)) - at_;
    for (const auto& f : fields) write_field(f, entry, extra);
    for (const Directory& child : d.children) write_one(child, false);
    if (more) put(out_, entry, starts_[next_], word());
  }

  std::uint64_t at_;
  std::uint64_t end_;
  bool big_;
  std::vector<std::uint64_t> starts_;
  std::size_t next_ = 0;
  std::vector<std::uint8_t> out_;
};

std::vector<std::uint8_t> serialize(const std::vector<Directory>& chain, std::uint64_t at,
                                    bool big) {
  check_internal(at % 8 == 0, "directories must lie at a multiple of 8");
  return DirectoryWriter(chain, at, big).write(chain);
}

std::uint64_t serialized_size(const std::vector<Directory>& chain, bool big) {
  return DirectoryWriter(chain, 0, big).size();
}

std::vector<std::uint8_t> header(std::uint64_t first_directory, bool big) {
  std::vector<std::uint8_t> out(16, 0);
  out[0] = out[1] = 'I';
  put(out, 2, big ? 43 : 42, 2);
  if (big) {
    put(out, 4, 8, 2);  // bytes of an offset
    put(out, 8, first_directory, 8);
  } else {
    put(out, 4, first_directory, 4);
  }
  return out;
}

}  // namespace histoloom::pyramid
