#include "safetensors_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"
#include "histoloom/weights/strict_json.h"
#include "little_endian.h"

namespace histoloom {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr int kDepth = 3;  // of a header: itself, a tensor, its shape

struct DTypeName {
  const char* name;
  ElementType type;
};
constexpr DTypeName kDTypes[] = {{"F64", ElementType::f64}, {"F32", ElementType::f32},
                                 {"F16", ElementType::f16}, {"BF16", ElementType::bf16},
                                 {"I64", ElementType::i64}, {"I32", ElementType::i32},
                                 {"I16", ElementType::i16}, {"I8", ElementType::i8},
                                 {"U8", ElementType::u8},   {"BOOL", ElementType::boolean}};

struct Span {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  auto operator<=>(const Span&) const = default;
};

class HeaderParser {
 public:
  HeaderParser(std::span<const std::uint8_t> file, const std::string& path)
      : file_(file), path_(path) {}

  SafetensorsHeader parse();

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw UserError(fmt::format("{}: not a usable safetensors file: {}", path_, what));
  }
  [[noreturn]] void fail(const std::string& tensor, const std::string& what) const {
    fail(fmt::format("tensor '{}' {}", printable(tensor), what));
  }

  std::uint64_t header_bytes() const;
  void read_metadata(const json& item);
  void read_tensor(const std::string& name, const json& item);
  ElementType type_of(const std::string& name, const std::string& dtype) const;
  Span span_of(const std::string& name, const json& offsets, std::uint64_t bytes) const;
  void check_coverage();

  std::span<const std::uint8_t> file_;
  const std::string& path_;
  std::uint64_t data_bytes_ = 0;
  std::vector<Span> spans_;
  SafetensorsHeader header_;
};

SafetensorsHeader HeaderParser::parse() {
  const std::uint64_t n = header_bytes();
  header_.data = 8 + n;
  data_bytes_ = file_.size() - header_.data;
  const json header =
      parse_strict_json({reinterpret_cast<const char*>(file_.data()) + 8, n}, kDepth, "its header",
                        [this](const std::string& what) { fail(what); });
  for (const auto& [name, item] : header.items())
    name == "__metadata__" ? read_metadata(item) : read_tensor(name, item);
  check_coverage();
  return std::move(header_);
}

std::uint64_t HeaderParser::header_bytes() const {
  const auto announced = little_endian<std::uint64_t>(file_, 0);
  if (!announced) fail(fmt::format("it has {} bytes, at least 8 are needed", file_.size()));
  const std::uint64_t n = *announced;
  if (n > file_.size() - 8)
    fail(fmt::format("its header claims {} bytes, the file has {}", n, file_.size()));
  if (n > kMaxHeader)
    fail(fmt::format("its header has {} bytes, at most {} are read", n, kMaxHeader));
  return n;
}

void HeaderParser::read_metadata(const json& item) {
  if (!item.is_object()) fail("__metadata__ is not an object");
  for (const auto& [key, value] : item.items()) {
    if (!value.is_string()) fail(fmt::format("__metadata__ '{}' is not a string", printable(key)));
    header_.metadata.emplace(key, value.get<std::string>());
  }
}

void HeaderParser::read_tensor(const std::string& name, const json& item) {
  if (!item.is_object() || !item.contains("dtype") || !item["dtype"].is_string() ||
      !item.contains("shape") || !item["shape"].is_array() || !item.contains("data_offsets") ||
      !item["data_offsets"].is_array() || item["data_offsets"].size() != 2)
    fail(name, "lacks dtype, shape or data_offsets");
  StoredTensor tensor;
  tensor.type = type_of(name, item["dtype"]);
  if (item["shape"].size() > kMaxDimensions)
    fail(name, fmt::format("has {} dimensions, at most {} are read", item["shape"].size(),
                           kMaxDimensions));
  for (const json& n : item["shape"]) {
    if (!n.is_number_unsigned()) fail(name, "has a bad shape");
    tensor.shape.push_back(n.get<std::int64_t>());
  }
  const auto bytes = shape_bytes(tensor.shape, tensor.type);
  if (!bytes)
    fail(name, fmt::format("has the impossible shape [{}]", fmt::join(tensor.shape, ", ")));
  const Span span = span_of(name, item["data_offsets"], *bytes);
  spans_.push_back(span);
  tensor.strides = contiguous_strides(tensor.shape);
  tensor.offset = span.begin;
  header_.tensors.emplace(name, std::move(tensor));
}

ElementType HeaderParser::type_of(const std::string& name, const std::string& dtype) const {
  const auto* known = std::find_if(std::begin(kDTypes), std::end(kDTypes),
                                   [&](const DTypeName& d) { return dtype == d.name; });
  if (known == std::end(kDTypes))
    fail(name, fmt::format("has the unsupported dtype '{}'", printable(dtype)));
  return known->type;
}

Span HeaderParser::span_of(const std::string& name, const json& offsets,
                           std::uint64_t bytes) const {
  if (!offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned())
    fail(name, "has bad data_offsets");
  const Span span{offsets[0], offsets[1]};
  if (span.begin > span.end || span.end > data_bytes_ || span.end - span.begin != bytes)
    fail(name, fmt::format("needs {} bytes, its data_offsets are [{}, {}] of {}", bytes, span.begin,
                           span.end, data_bytes_));
  return span;
}

void HeaderParser::check_coverage() {
  std::sort(spans_.begin(), spans_.end());
  std::uint64_t at = 0;
  for (const Span& span : spans_) {
    if (span.begin != at)
      fail(fmt::format("its tensors {} at byte {}", span.begin > at ? "leave a hole" : "overlap",
                       std::min(span.begin, at)));
    at = span.end;
  }
  if (at != data_bytes_) fail(fmt::format("its tensors cover {} of {} bytes", at, data_bytes_));
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::span<const std::uint8_t> file,
                                           const std::string& path) {
  return HeaderParser(file, path).parse();
}

std::string safetensors_name(ElementType type) {
  for (const DTypeName& known : kDTypes)
    if (known.type == type) return known.name;
  throw InternalError("an element type without a safetensors name");
}

}  // namespace histoloom
