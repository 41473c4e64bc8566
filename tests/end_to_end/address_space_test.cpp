// An address space that is limited (ulimit -v): refused at once where it is too small, never a hang.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <regex>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

using testing::IsEmpty;
using testing::MatchesRegex;

// Limits what this process and those that it starts may map.
class AddressSpace {
 public:
  explicit AddressSpace(std::uint64_t bytes) {
    getrlimit(RLIMIT_AS, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressSpace() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

Outcome run_within(std::uint64_t bytes, const Arguments& arguments) {
  const AddressSpace limit(bytes);
  return run(arguments);
}

// The size that follows `words` in a message: of "takes up to 1.3 GiB; …", a little more.
std::uint64_t size_after(const std::string& words, const std::string& message) {
  std::smatch found;
  if (!std::regex_search(message, found, std::regex(words + " ([0-9.]+) (MiB|GiB)"))) return 0;
  const double unit = found[2] == "MiB" ? 1 << 20 : 1 << 30;
  return static_cast<std::uint64_t>(std::stod(found[1]) * unit * 1.01);
}

constexpr std::uint64_t kTooSmall = std::uint64_t{600000} << 10;

TEST(AddressSpace, TooSmallForTheLibrariesIsRefusedBeforeTheyBegin) {
  const Folder folder;
  const std::string out = (folder / "s.svs").string();
  for (const Arguments& command :
       {generate(out), Arguments{"mask", "-o", (folder / "m.tif").string()},
        Arguments{"evaluate", "--real", out, "--synthetic", out}}) {
    const Outcome outcome = run_within(kTooSmall, command);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err,
                MatchesRegex("histoloom: the address space is limited to 585 MiB \\(ulimit -v\\), "
                             "the libraries alone take [0-9]+ MiB; raise that limit"
                             "(, or set OPENBLAS_NUM_THREADS=1, which takes less)?\n"));
    EXPECT_THAT(folder.listing(), IsEmpty());
  }
}

TEST(AddressSpace, TooSmallForTheLoaderIsRefusedBeforeNetworksAreCalled) {
  const Folder folder;
  const Outcome outcome = run_within(std::uint64_t{500} << 20, generate(folder / "s.svs"));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "histoloom: the address space is limited to 500 MiB (ulimit -v), the libraries alone "
            "take 560 MiB and more; raise that limit\n");
  EXPECT_THAT(folder.listing(), IsEmpty());
}

TEST(AddressSpace, TooSmallForTheNetworksIsRefusedBeforeAnyWork) {
  const Folder folder;
  const Arguments slide = generate(
      folder / "s.svs", {"--size", "64x64", "--layout", "full", "--steps", "1", "--threads", "1"});
  const std::uint64_t libraries =
      size_after("libraries alone take", run_within(kTooSmall, slide).err);
  const Outcome refused = run_within(libraries, slide);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err,
              MatchesRegex("histoloom: the address space is limited to [0-9.]+ [MG]iB \\(ulimit "
                           "-v\\), painting with --threads 1 takes up to [0-9.]+ GiB; raise that "
                           "limit\n"));
  EXPECT_THAT(folder.listing(), IsEmpty());
  const Outcome made = run_within(size_after("takes up to", refused.err), slide);
  EXPECT_EQ(made.code, 0) << made.err << "what it asks for is enough";
}

}  // namespace
}  // namespace histoloom::test
