// Files of every kind with bytes changed at random, at the doors that read the kind: an answer or a
// refusal in one line, soon, with little memory, and nothing left behind.
//
//   export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=4096
//   HISTOLOOM_FLIPS=2000 HISTOLOOM_SEED=7 build/asan/tests/doors_test --gtest_filter='*Damage*'
//
// OpenSlide asks for what a damaged file states, and takes a no for an answer.
#include "support/damage.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <ctime>
#include <random>

#include "doors.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "kinds.h"
#include "support/scratch.h"

namespace histoloom::doors {
namespace {

namespace fs = std::filesystem;

constexpr int kUsualFlips = 12;
constexpr double kMostSeconds = 10;
constexpr long kMostMemory = 1 << 20;  // KiB above what the process took before

long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Of all threads, so that a busy machine makes no difference.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::vector<Door> doors_of(const Kind& kind) {
  std::vector<Door> out;
  for (const Door& door : all_doors())
    if (kind.cells.at(door.name)[0] != '-') out.push_back(door);
  return out;
}

// What is wrong with how a door takes the file; empty where nothing is.
std::string fault_of(const Door& door, const fs::path& file) {
  try {
    static_cast<void>(door.open(file));
  } catch (const UserError& error) {
    const std::string what = error.what();
    if (what.empty() || what.find('\n') != std::string::npos) return "refuses with '" + what + "'";
  } catch (const std::exception& error) {
    return std::string("throws '") + error.what() + "'";
  }
  for (const auto& entry : fs::recursive_directory_iterator(file.parent_path()))
    if (entry.path().extension() == ".partial") return "leaves " + entry.path().string();
  return {};
}

class Damage : public testing::TestWithParam<Kind> {};

TEST_P(Damage, IsAnsweredOrRefusedInOneLine) {
  const Kind& kind = GetParam();
  const int flips = from_environment("HISTOLOOM_FLIPS", kUsualFlips);
  const int seed = from_environment("HISTOLOOM_SEED", 1);
  fmt::print("{}: {} flips, seed {}\n", kind.name, flips, seed);
  const ScratchDirectory folder;
  kind.write(folder / kind.file);
  const std::string whole = read_file(folder / kind.file);
  const std::vector<Door> doors = doors_of(kind);
  ASSERT_FALSE(doors.empty());
  const long before = peak_memory();
  for (int i = 0; i < flips; ++i) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed) * 1'000'000 +
                           static_cast<std::uint64_t>(i));
    const Door& door = doors[static_cast<std::size_t>(i) % doors.size()];
    // A name of its own: libvips remembers files by their names.
    const fs::path place = folder / std::to_string(i);
    fs::create_directory(place);
    write_bytes(place / kind.file, damaged(whole, random));
    const double began = processor_seconds();
    const std::string fault = fault_of(door, place / kind.file);
    EXPECT_EQ(fault, "") << door.name << ", flip " << i << " of seed " << seed;
    EXPECT_LT(processor_seconds() - began, kMostSeconds)
        << door.name << ", flip " << i << " of seed " << seed;
    ASSERT_LT(peak_memory() - before, kMostMemory)
        << door.name << ", flip " << i << " of seed " << seed;
    fs::remove_all(place);
  }
}

std::string kind_name(const testing::TestParamInfo<Kind>& info) {
  std::string out = info.param.name;
  std::erase_if(out, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return out;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Damage, testing::ValuesIn(all_kinds()), kind_name);

}  // namespace
}  // namespace histoloom::doors
