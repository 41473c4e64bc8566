#include "held_out.h"

#include <fmt/format.h>

#include <map>
#include <regex>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

std::regex parse_source(const std::string& source) {
  try {
    return std::regex(source);
  } catch (const std::regex_error& error) {
    throw UserError(
        fmt::format("--source '{}': is no regular expression ({})", source, error.what()));
  }
}

std::string source_of(const std::string& name, const std::string& source, const std::regex& regex) {
  std::smatch found;
  if (!std::regex_search(name, found, regex))
    throw UserError(fmt::format("--source '{}': finds nothing in the name '{}'", source, name));
  return found.size() > 1 ? found[1].str() : found[0].str();
}

}  // namespace

std::vector<bool> held_out_names(const std::vector<std::string>& names, const std::string& source,
                                 int every) {
  const std::regex regex = parse_source(source);
  std::map<std::string, std::size_t> numbers;
  std::vector<bool> out;
  for (const std::string& name : names) {
    const std::string key = source.empty() ? name : source_of(name, source, regex);
    const std::size_t number = numbers.try_emplace(key, numbers.size()).first->second;
    out.push_back(every > 0 && number % static_cast<std::size_t>(every) == 0);
  }
  return out;
}

bool is_slide_held_out(std::size_t index, int every) {
  return every > 0 && (index + 1) % static_cast<std::size_t>(every) == 0;
}

}  // namespace histoloom
