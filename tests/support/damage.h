// Files with bytes changed at random.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

namespace histoloom {

// `bytes` with up to four changed, every second time among the first or last 600: what says how the
// rest is read lies there.
inline std::string damaged(std::string bytes, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t edge = std::min<std::size_t>(600, bytes.size());
  const bool at_edge = below(2) == 0;
  for (std::size_t left = 1 + below(4); left > 0; --left) {
    std::size_t at = below(bytes.size());
    if (at_edge) at = below(2) == 0 ? below(edge) : bytes.size() - 1 - below(edge);
    bytes[at] = static_cast<char>(below(3) == 0 ? bytes[at] ^ 1 << below(8) : below(256));
  }
  return bytes;
}

// The number in a variable of the environment, such as how many files HISTOLOOM_FLIPS says.
inline int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : otherwise;
}

}  // namespace histoloom
