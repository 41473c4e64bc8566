// Stands in for libFuzzer where the compiler has none: mutates the seeds of a target for a number
// of seconds. The seed of the mutations is printed, so that a failure can be had again.
#include "driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using histoloom::fuzz::Bytes;

class Mutator {
 public:
  Mutator(std::vector<Bytes> seeds, unsigned seed) : seeds_(std::move(seeds)), random_(seed) {}

  Bytes next() {
    Bytes out = pick();
    const std::size_t edits = 1 + below(6);
    for (std::size_t i = 0; i < edits && !out.empty(); ++i) edit(out);
    return out;
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  const Bytes& pick() { return seeds_[below(seeds_.size())]; }

  void edit(Bytes& bytes) {
    const std::size_t at = below(bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(7)) {
      case 0:
        *place = static_cast<std::uint8_t>(below(256));
        break;
      case 1:
        *place ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 2:  // numbers at the edges of their types
        std::fill(place, place + reach(bytes, at, 8), below(2) == 0 ? 0xFF : 0x00);
        break;
      case 3:
        bytes.insert(place, static_cast<std::uint8_t>(below(256)));
        break;
      case 4:
        bytes.erase(place, place + reach(bytes, at, 16));
        break;
      case 5:
        splice(bytes, at);
        break;
      default:
        if (below(8) == 0) bytes.resize(at);
    }
  }

  std::ptrdiff_t reach(const Bytes& bytes, std::size_t at, std::size_t most) {
    return static_cast<std::ptrdiff_t>(std::min(1 + below(most), bytes.size() - at));
  }

  // A piece of any seed goes over, or between, what is there.
  void splice(Bytes& bytes, std::size_t at) {
    const Bytes& other = pick();
    const std::size_t from = below(other.size());
    const auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = first + reach(other, from, 64);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    if (below(2) == 0)
      bytes.insert(place, first, last);
    else
      std::copy_n(first, std::min<std::ptrdiff_t>(last - first, bytes.end() - place), place);
  }

  std::vector<Bytes> seeds_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
  const auto seed = argc > 2 ? static_cast<unsigned>(std::atol(argv[2])) : std::random_device()();
  fmt::print("seed {}\n", seed);
  std::fflush(stdout);
  for (const Bytes& input : histoloom::fuzz::seeds())
    LLVMFuzzerTestOneInput(input.data(), input.size());
  Mutator mutator(histoloom::fuzz::seeds(), seed);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t runs = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() <
         seconds) {
    for (int i = 0; i < 100; ++i, ++runs) {
      const Bytes input = mutator.next();
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  }
  fmt::print("{} inputs, no failure\n", runs);
  return 0;
}
