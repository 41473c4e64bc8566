// What a job that stops says.
#include <gtest/gtest.h>

#include "histoloom/pyramid/sink.h"
#include "support/scratch.h"
#include "work.h"

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
}

TEST(Resumable, LeavesWhatNoResumeCures) {
  EXPECT_EQ((message_after<UserError, UserError>("a.svs: is wrong")), "a.svs: is wrong");
  EXPECT_EQ(message_of([] { run_resumable([] {}); }), "");
}

}  // namespace
}  // namespace histoloom
