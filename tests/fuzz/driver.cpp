// Stands in for libFuzzer where the compiler has none, and takes of its arguments what we use:
//
//   tiff_fuzz -runs=0 FOLDER             reads every input once
//   tiff_fuzz FILE...                    these
//   tiff_fuzz -max_total_time=60 FOLDER  then mutates them for a minute; -seed=N: as a run before
//
// Other options are passed over. The seed is printed, so that a failure can be had again.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

class Mutator {
 public:
  Mutator(std::vector<Bytes> inputs, unsigned seed) : inputs_(std::move(inputs)), random_(seed) {}

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
  const Bytes& pick() { return inputs_[below(inputs_.size())]; }

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

  // A piece of any input goes over, or between, what is there.
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

  std::vector<Bytes> inputs_;
  std::mt19937_64 random_;
};

struct Arguments {
  double seconds = 0;
  unsigned seed = std::random_device()();
  std::vector<fs::path> files;
};

// Files in an order that doesn't depend on the disk.
void add(const fs::path& path, std::vector<fs::path>& files) {
  if (!fs::is_directory(path)) return files.push_back(path);
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(path)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  files.insert(files.end(), found.begin(), found.end());
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&](std::string_view option) { return word.substr(option.size()); };
    if (word.starts_with("-max_total_time="))
      out.seconds = std::stod(value("-max_total_time="));
    else if (word.starts_with("-seed="))
      out.seed = static_cast<unsigned>(std::stoul(value("-seed=")));
    else if (!word.starts_with("-"))
      add(word, out.files);
  }
  return out;
}

Bytes read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    fmt::print(stderr, "{}: can't be read\n", path.string());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Copied to exactly its size, so that the sanitizer sees the first byte past the end.
void try_input(const Bytes& bytes) {
  const Bytes exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::uint64_t mutate(const std::vector<Bytes>& inputs, const Arguments& arguments) {
  fmt::print("seed {}\n", arguments.seed);
  std::fflush(stdout);
  std::vector<Bytes> filled;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(filled),
               [](const Bytes& input) { return !input.empty(); });
  Mutator mutator(filled, arguments.seed);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t runs = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() <
         arguments.seconds)
    for (int i = 0; i < 100; ++i, ++runs) try_input(mutator.next());
  return runs;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  std::vector<Bytes> inputs;
  for (const fs::path& file : arguments.files) inputs.push_back(read(file));
  if (inputs.empty()) {
    fmt::print(stderr, "{}: needs a file, or a folder with one\n", argv[0]);
    return 2;
  }
  for (const Bytes& input : inputs) try_input(input);
  const std::uint64_t mutated = arguments.seconds > 0 ? mutate(inputs, arguments) : 0;
  fmt::print("{} inputs and {} mutated, no failure\n", inputs.size(), mutated);
  return 0;
}
