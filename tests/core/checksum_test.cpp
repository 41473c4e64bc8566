#include "histoloom/core/checksum.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

TEST(Checksum, IsTheOneOfPython) {
  // zlib.crc32(b"123456789"), zlib.crc32(b"")
  EXPECT_EQ(checksum_of("123456789"), 0xcbf43926u);
  EXPECT_EQ(checksum_of(""), 0u);
}

TEST(Checksum, GoesOn) { EXPECT_EQ(checksum_of("6789", checksum_of("12345")), 0xcbf43926u); }

}  // namespace
}  // namespace histoloom
