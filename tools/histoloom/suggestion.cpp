#include "suggestion.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace histoloom {

namespace {

// Optimal string alignment: Damerau's edits, no part edited twice.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

// The subcommand that was given, else the program.
const CLI::App& chosen(const CLI::App& program) {
  const std::vector<CLI::App*> given = program.get_subcommands();
  return given.empty() ? program : chosen(*given.front());
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent())
    for (const CLI::Option* option : at->get_options())
      for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  return out;
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    out.push_back(command->get_name());
  return out;
}

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string>& names) {
  std::string best;
  std::size_t least = word.size() / 3 + 1;
  for (const std::string& name : names)
    if (const std::size_t n = edits(word, name); n < least) {
      least = n;
      best = name;
    }
  return best;
}

std::string suggestion(const CLI::App& program) {
  const CLI::App& app = chosen(program);
  for (const std::string& unknown : program.remaining(/*recurse=*/true)) {
    const std::string word = unknown.substr(0, unknown.find('='));
    const std::string near =
        nearest_name(word, word.starts_with("--") ? option_names(app) : subcommand_names(app));
    if (!near.empty()) return fmt::format(" (did you mean {}?)", near);
  }
  return "";
}

}  // namespace histoloom
