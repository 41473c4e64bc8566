#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "subcommands.h"

namespace histoloom {

namespace {

std::string why_no_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (code == std::errc() && end == text.data() + text.size()) return "";
  return fmt::format("must be a whole number from 0 to 18446744073709551615, got '{}'", text);
}

}  // namespace

void add_seed(CLI::App& app, std::uint64_t& seed, const char* help) {
  app.add_option("--seed", seed, help)->capture_default_str()->check(why_no_seed, "");
}

}  // namespace histoloom
