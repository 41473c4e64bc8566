// What a job that stops says.
#include "histoloom/core/resumable.h"

#include <gtest/gtest.h>

#include "histoloom/core/disk_full.h"
#include "histoloom/core/replaceable.h"
#include "histoloom/pyramid/sink.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

template <class Out, class In>
std::string message_after(const char* message) {
  return message_of<Out>([&] { run_resumable([&] { throw In(message); }); });
}

TEST(Resumable, SaysHowToGoOn) {
  EXPECT_EQ((message_after<Interrupted, Interrupted>("stopped")),
            "stopped; the same command with --resume goes on from there");
  const std::string room = "full; make room, and the same command with --resume goes on";
  EXPECT_EQ((message_after<UserError, DiskFull>("full")), room);
  EXPECT_EQ((message_after<UserError, pyramid::DiskFull>("full")), room);
  EXPECT_EQ((message_after<UserError, OutputAppeared>("-o s.svs: is there")),
            "-o s.svs: is there; move it away, and the same command with --resume goes on");
}

TEST(Resumable, LeavesWhatNoResumeCures) {
  EXPECT_EQ((message_after<UserError, UserError>("a.svs: is wrong")), "a.svs: is wrong");
  EXPECT_EQ(message_of([] { run_resumable([] {}); }), "");
}

TEST(FromStart, SaysToStartAgainWhereADiskIsFull) {
  EXPECT_EQ(message_of([] { run_from_start([] { throw DiskFull("full"); }); }),
            "full; make room and start again");
  EXPECT_EQ(message_of([] { run_from_start([] { throw OutputAppeared("-o s.svs: is there"); }); }),
            "-o s.svs: is there; move it away and start again");
  EXPECT_EQ(message_of<Interrupted>([] { run_from_start([] { throw Interrupted("stopped"); }); }),
            "stopped");
  EXPECT_EQ(message_of([] { run_from_start([] { throw UserError("a.svs: is wrong"); }); }),
            "a.svs: is wrong");
}

}  // namespace
}  // namespace histoloom
