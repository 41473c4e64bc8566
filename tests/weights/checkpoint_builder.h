// Checkpoints byte by byte, for tests of their defects: pickles from opcodes, zip files from bytes.
#pragma once

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace histoloom::checkpoint_builder {

template <class T>
std::string bytes_of(T number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(T));
}

// ---- pickles: each text pushes one value

inline std::string text(std::string_view value) {
  return fmt::format("X{}{}", bytes_of(static_cast<std::uint32_t>(value.size())), value);
}
inline std::string number(std::int64_t value) { return "\x8a\x08" + bytes_of(value); }
inline std::string name(std::string_view module, std::string_view of) {
  return fmt::format("c{}\n{}\n", module, of);
}
inline std::string tuple(const std::vector<std::string>& items) {
  std::string out = "(";
  for (const std::string& item : items) out += item;
  return out + "t";
}
inline std::string numbers(const std::vector<std::int64_t>& values) {
  std::vector<std::string> items;
  for (const std::int64_t value : values) items.push_back(number(value));
  return tuple(items);
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "}(";
  for (const auto& [key, value] : items) out += text(key) + value;
  return out + "u";
}
inline std::string ordered_dict() { return name("collections", "OrderedDict") + ")R"; }
inline std::string storage(std::string_view key, std::int64_t elements,
                           std::string_view type = "FloatStorage") {
  return tuple({text("storage"), name("torch", type), text(key), text("cpu"), number(elements)}) +
         "Q";
}
inline std::string tensor(const std::string& in, std::int64_t offset,
                          const std::vector<std::int64_t>& shape,
                          const std::vector<std::int64_t>& strides) {
  return name("torch._utils", "_rebuild_tensor_v2") +
         tuple({in, number(offset), numbers(shape), numbers(strides), "\x89", ordered_dict()}) +
         "R";
}
inline std::string pickle(const std::string& value) { return "\x80\x02" + value + "."; }

// ---- zip files

struct Entry {
  std::string name, data;
  std::uint16_t flags = 0, method = 0;
};

// Stored entries, a directory, an end record.
inline std::string zip(const std::vector<Entry>& entries) {
  std::string out, directory;
  for (const Entry& entry : entries) {
    const auto size = static_cast<std::uint32_t>(entry.data.size());
    const auto crc = static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(entry.data.data()), entry.data.size()));
    // Version, flags, method, time, date, checksum, sizes, lengths of name and extra field.
    const std::string common =
        bytes_of<std::uint16_t>(20) + bytes_of(entry.flags) + bytes_of(entry.method) +
        std::string(4, '\0') + bytes_of(crc) + bytes_of(size) + bytes_of(size) +
        bytes_of(static_cast<std::uint16_t>(entry.name.size())) + std::string(2, '\0');
    directory += "PK\1\2" + bytes_of<std::uint16_t>(20) + common + std::string(10, '\0') +
                 bytes_of(static_cast<std::uint32_t>(out.size())) + entry.name;
    out += "PK\3\4" + common + entry.name + entry.data;
  }
  const auto count = static_cast<std::uint16_t>(entries.size());
  return out + directory + "PK\5\6" + std::string(4, '\0') + bytes_of(count) + bytes_of(count) +
         bytes_of(static_cast<std::uint32_t>(directory.size())) +
         bytes_of(static_cast<std::uint32_t>(out.size())) + std::string(2, '\0');
}

// A checkpoint with one storage, '0', of six floats.
inline std::string checkpoint(const std::string& pickled) {
  std::string floats;
  for (int i = 0; i < 6; ++i) floats += bytes_of(static_cast<float>(i));
  return zip({{"w/data.pkl", pickled}, {"w/data/0", floats}, {"w/version", "3\n"}});
}

// A tensor that is all of that storage.
inline std::string whole_tensor() { return tensor(storage("0", 6), 0, {2, 3}, {3, 1}); }

}  // namespace histoloom::checkpoint_builder
