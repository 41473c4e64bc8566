#include "edit_output.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <vector>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {

std::uint64_t EditOutput::append(std::span<const std::uint8_t> bytes, std::uint64_t align) {
  const std::uint64_t at = end_;
  const std::uint64_t padding = (align - (end_ + bytes.size()) % align) % align;
  if (!big_ && end_ + bytes.size() + padding > std::numeric_limits<std::uint32_t>::max())
    throw UserError(
        fmt::format("{}: is a classic TIFF, which can't grow past 4 GiB; make it a BigTIFF first, "
                    "with 'histoloom pyramid' or tiffcp -8",
                    name_),
        ErrorCode::too_large);
  sink_.append(bytes);
  if (padding > 0) sink_.append(std::vector<std::uint8_t>(padding));
  end_ += bytes.size() + padding;
  return at;
}

void EditOutput::set(const TiffField& field, std::uint64_t index, std::uint64_t value) {
  const unsigned size = type_bytes(field.type);
  if (size < 8 && value >> (8 * size) != 0)
    throw UserError(
        fmt::format("{}: its {} are stored in {} bytes each, but a new tile needs the value {}; "
                    "rewrite it first with 'histoloom pyramid'",
                    name_, tag_name(field.tag), size, value),
        ErrorCode::too_large);
  std::array<std::uint8_t, 8> bytes{};
  encode(value, std::span(bytes).first(size));
  sink_.write_at(field.at + index * size, std::span(bytes).first(size));
}

void EditOutput::encode(std::uint64_t value, std::span<std::uint8_t> bytes) const {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[little_ ? i : bytes.size() - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t EditOutput::decode(std::span<const std::uint8_t> bytes) const {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | bytes[little_ ? i : bytes.size() - 1 - i];
  return value;
}

}  // namespace histoloom::pyramid
