// histoloom loads no network, and hands over to histoloom-networks what needs one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kNetworks = "histoloom-networks";

std::string maps_of(const Process& process) {
  return bytes_of("/proc/" + std::to_string(process.id()) + "/maps");
}

bool runs_networks(const Process& process) {
  std::error_code code;
  return fs::read_symlink("/proc/" + std::to_string(process.id()) + "/exe", code).filename() ==
         kNetworks;
}

TEST(TwoPrograms, LibtorchIsLoadedByCommandsThatNeedNetworksAlone) {
  const Folder folder;
  write_image(folder / "in.png", 2000, 2000, 3, [](int x, int y, int) { return (x ^ y) & 255; });
  write_mask(folder / "mask.png", 2048, 2048, [](int x, int) { return 1 + x / 1024; });
  const std::string out = (folder / "out.tif").string();
  for (const Arguments& light :
       {Arguments{"pyramid", (folder / "in.png").string(), "-o", out, "--quiet"},
        Arguments{"mask", "--mask", (folder / "mask.png").string(), "-o", out, "--quiet"}}) {
    SCOPED_TRACE(light[0]);
    Process process(light);
    ASSERT_TRUE(process.hold_at([&] { return fs::exists(folder / ".out.tif.partial"); }));
    EXPECT_THAT(maps_of(process), HasSubstr("libvips"));
    EXPECT_THAT(maps_of(process), Not(HasSubstr("libtorch")));
    process.send(SIGCONT);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    fs::remove(out);
  }
  Process process(generate(out, {"--size", "2048x2048"}));
  ASSERT_TRUE(
      process.hold_at([&] { return maps_of(process).find("libtorch") != std::string::npos; }));
  EXPECT_TRUE(runs_networks(process));
}

// A copy of histoloom with something else in the place of the networks.
class OtherNetworks : public testing::Test {
 protected:
  OtherNetworks() { fs::copy_file(HISTOLOOM_PROGRAM, program_); }
  void put(const std::string& text, fs::perms permissions) const {
    write_bytes(networks_, text);
    fs::permissions(networks_, permissions);
  }

  Folder folder_;
  const fs::path program_ = folder_ / "histoloom", networks_ = folder_ / kNetworks;
};

TEST_F(OtherNetworks, GetTheArgumentsAsTheyWereGiven) {
  put("#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit 7\n", fs::perms::owner_all);
  const Outcome outcome =
      run({"generate", "-o", "a b.svs", "--seed", "5", "--quiet", "--prompt", ""}, program_);
  EXPECT_EQ(outcome.code, 7);
  EXPECT_EQ(outcome.out, "generate\n-o\na b.svs\n--seed\n5\n--quiet\n--prompt\n\n");
}

TEST_F(OtherNetworks, ThatDontStartAreNamed) {
  put("#!/bin/sh\n", fs::perms::owner_read);
  const Outcome outcome = run({"mask", "-o", "m.tif"}, program_);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "histoloom: " + networks_.string() + ": doesn't start: Permission denied\n");
}

TEST_F(OtherNetworks, AreNotAskedOfWhatIsMisspelt) {
  put("#!/bin/sh\nexit 7\n", fs::perms::owner_all);
  const Outcome outcome = run({"generate", "-o", "s.svs", "--sede", "5"}, program_);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean --seed?"));
}

// Nobody hears the signal before libtorch is loaded; it waits.
TEST(TwoPrograms, ASignalBetweenThemIsHeardByTheSecond) {
  const Folder folder;
  Process process(generate(folder / "s.svs", {"--size", "2048x2048"}));
  ASSERT_TRUE(process.hold_at([&] { return runs_networks(process); }));
  process.send(SIGINT);
  process.send(SIGCONT);
  const Outcome stopped = process.wait();
  EXPECT_EQ(stopped.code, 130);
  EXPECT_EQ(stopped.err, "histoloom: interrupted before any work\n");
  EXPECT_THAT(folder.listing(), testing::IsEmpty());
}

}  // namespace
}  // namespace histoloom::test
