// What is said of an address space that is limited.
#include "histoloom/core/address_space.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "histoloom/core/byte_size.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// Sanitizers map terabytes, which no limit here would leave.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(AddressSpace, IsRefusedIfItIsTooSmallAndTheLimitIsNamed) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  const std::uint64_t used = address_space_in_use();
  EXPECT_GT(used, 1u << 20);
  rlimit limit = before;
  limit.rlim_cur = used + 2 * kGiB;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  EXPECT_EQ(address_space_limit(), used + 2 * kGiB);
  EXPECT_EQ(message_of([] { require_address_space(kGiB, "weaving"); }), "");
  const std::string refusal = message_of([] { require_address_space(40 * kGiB, "weaving"); });
  const std::string needed = format_byte_size(address_space_in_use() + 40 * kGiB);
  setrlimit(RLIMIT_AS, &before);
  EXPECT_EQ(refusal, "the address space is limited to " + format_byte_size(used + 2 * kGiB) +
                         " (ulimit -v), weaving takes up to " + needed + "; raise that limit");
}
#endif

TEST(AddressSpace, WithoutALimitHasRoomForAnything) {
  if (address_space_limit()) GTEST_SKIP() << "this process has a limit";
  EXPECT_EQ(message_of([] { require_address_space(kGiB << 20, "weaving"); }), "");
}

}  // namespace
}  // namespace histoloom
