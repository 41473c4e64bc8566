#include "histoloom/core/byte_size.h"

#include <gtest/gtest.h>

#include "histoloom/core/error.h"

namespace histoloom {
namespace {

struct Parsed {
  const char* text;
  std::uint64_t bytes;
};

class ByteSizeParses : public testing::TestWithParam<Parsed> {};

TEST_P(ByteSizeParses, ToBytes) {
  EXPECT_EQ(parse_byte_size(GetParam().text), GetParam().bytes) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(Table, ByteSizeParses,
                         testing::Values(Parsed{"0", 0}, Parsed{"512", 512}, Parsed{"7B", 7},
                                         Parsed{"1KiB", 1024}, Parsed{"512MiB", 536870912},
                                         Parsed{"1GiB", 1073741824}, Parsed{"1.5GiB", 1610612736},
                                         Parsed{"2TiB", 2199023255552}, Parsed{"1kB", 1000},
                                         Parsed{"1.5MB", 1500000}, Parsed{"3GB", 3000000000},
                                         Parsed{"4TB", 4000000000000}, Parsed{"64 MiB", 67108864},
                                         Parsed{"0.5KiB", 512}, Parsed{"1e3", 1000}));

class ByteSizeRefuses : public testing::TestWithParam<const char*> {};

TEST_P(ByteSizeRefuses, WithTheTextThatWasFound) {
  try {
    parse_byte_size(GetParam());
    FAIL() << GetParam() << " was accepted";
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()),
              "a size in bytes is a number with B, KiB, MiB, GiB, kB, MB or GB, such as 1GiB; got "
              "'" +
                  std::string(GetParam()) + "'");
  }
}

INSTANTIATE_TEST_SUITE_P(Table, ByteSizeRefuses,
                         testing::Values("", "GiB", "-1", "1 apple", "1gib", "1GiBs", "nan", "inf",
                                         "1e30", "9999999999TiB", "0x10", "1,5GiB", " 1"));

TEST(ByteSize, IsWrittenInThreeDigitsAtMost) {
  EXPECT_EQ(format_byte_size(0), "0 B");
  EXPECT_EQ(format_byte_size(512), "512 B");
  EXPECT_EQ(format_byte_size(999), "999 B");
  EXPECT_EQ(format_byte_size(1024), "1.00 KiB");
  EXPECT_EQ(format_byte_size(1610612736), "1.50 GiB");
  EXPECT_EQ(format_byte_size(16106127360), "15.0 GiB");
  EXPECT_EQ(format_byte_size(536870912), "512 MiB");
  EXPECT_EQ(format_byte_size(std::uint64_t{3} << 50), "3.00 PiB");
}

}  // namespace
}  // namespace histoloom
