// Stands in for libFuzzer where the compiler has none: mutates small slides of every profile for a
// number of seconds. The seed is printed, so that a failure can be had again.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "histoloom/pyramid/writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace histoloom::pyramid;
using Bytes = std::vector<std::uint8_t>;

class BytesSink final : public Sink {
 public:
  explicit BytesSink(Bytes& bytes) : bytes_(bytes) {}
  void append(std::span<const std::uint8_t> b) override {
    bytes_.insert(bytes_.end(), b.begin(), b.end());
  }
  void read_at(std::uint64_t offset, std::span<std::uint8_t> b) override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), b.size(), b.begin());
  }
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> b) override {
    std::copy(b.begin(), b.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void commit() override {}
  void discard() noexcept override {}

 private:
  Bytes& bytes_;
};

// Flat, so that it is small: the directories are most of the file.
Bytes seed_slide(Profile profile, Container container) {
  WriterOptions options;
  options.size = {100, 70};
  options.tile = 16;
  options.profile = profile;
  options.container = container;
  options.mpp = 0.5;
  options.objective_power = 20;
  options.associated_images = profile != Profile::generic;
  Bytes bytes;
  PyramidWriter writer(std::make_unique<BytesSink>(bytes), "seed", options);
  const Bytes rows(100 * 70 * 3, 200);
  writer.write_rows(rows.data(), 70, 300);
  writer.finish();
  return bytes;
}

Bytes mutated(const Bytes& seed, std::mt19937& random) {
  Bytes out = seed;
  const auto edits = 1 + random() % 8;
  for (unsigned i = 0; i < edits; ++i) {
    const std::size_t tail = std::min<std::size_t>(out.size(), 5000);  // where directories lie
    const std::size_t at =
        random() % 10 == 0 ? random() % out.size() : out.size() - 1 - random() % tail;
    switch (random() % 5) {
      case 0:
        out[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        out[at] ^= static_cast<std::uint8_t>(1u << (random() % 8));
        break;
      case 2:
        out[at] = random() % 2 == 0 ? 0xFF : 0;
        break;
      case 3: {  // a piece of the file over another: offsets that meet, directories that overlap
        const std::size_t from = out.size() - 1 - random() % tail;
        const std::size_t n = std::min({random() % 24, out.size() - at, out.size() - from});
        const Bytes piece(out.begin() + static_cast<std::ptrdiff_t>(from),
                          out.begin() + static_cast<std::ptrdiff_t>(from + n));
        std::copy(piece.begin(), piece.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      }
      default:
        if (random() % 8 == 0) out.resize(out.size() - random() % (tail / 2));
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
  const auto seed = argc > 2 ? static_cast<unsigned>(std::atol(argv[2])) : std::random_device()();
  fmt::print("seed {}\n", seed);
  std::fflush(stdout);
  std::mt19937 random(seed);
  std::vector<Bytes> seeds;
  for (const auto profile : {Profile::generic, Profile::svs, Profile::ome}) {
    for (const auto container : {Container::classic, Container::big}) {
      seeds.push_back(seed_slide(profile, container));
    }
  }
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t runs = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() <
         seconds) {
    for (int i = 0; i < 100; ++i, ++runs) {
      const Bytes input = mutated(seeds[random() % seeds.size()], random);
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  }
  fmt::print("{} inputs, no failure\n", runs);
  return 0;
}
