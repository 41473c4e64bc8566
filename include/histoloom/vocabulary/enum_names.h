// The names of an enumeration's values, as options and files spell them: one table an enumeration.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace histoloom {

// Specialise with
//   static constexpr std::array table{std::pair{Enum::value, std::string_view("name")}, …};
template <class Enum>
struct EnumNames;

// The value of a name; nothing for another name.
template <class Enum>
std::optional<Enum> parse_enum(std::string_view name) {
  for (const auto& [value, text] : EnumNames<Enum>::table)
    if (text == name) return value;
  return std::nullopt;
}

// The name of a value.
template <class Enum, auto = EnumNames<Enum>::table.size()>
std::string_view name_of(Enum value) {
  for (const auto& [known, text] : EnumNames<Enum>::table)
    if (known == value) return text;
  return {};
}

// All names in the table's order, such as "dpm++ or ddim", for messages.
template <class Enum>
std::string names_of() {
  const auto& table = EnumNames<Enum>::table;
  std::string out;
  for (std::size_t i = 0; i < table.size(); ++i)
    out.append(i == 0 ? "" : i + 1 == table.size() ? " or " : ", ").append(table[i].second);
  return out;
}

}  // namespace histoloom
