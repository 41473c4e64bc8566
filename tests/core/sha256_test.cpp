#include "histoloom/core/sha256.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

TEST(Sha256, IsTheOneOfPython) {
  // hashlib.sha256(b"").hexdigest(), hashlib.sha256(b"abc").hexdigest()
  EXPECT_EQ(Sha256().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256().add("abc", 3).hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().add("a", 1).add("bc", 2).hex(), Sha256().add("abc", 3).hex());
}

TEST(Sha256, OfPartsTellsWhereOneEnds) {
  // hashlib.sha256(b"1:a2:bc").hexdigest()
  EXPECT_EQ(Sha256().add_part("a").add_part("bc").hex(), Sha256().add("1:a2:bc", 7).hex());
  EXPECT_NE(Sha256().add_part("a").add_part("bc").hex(),
            Sha256().add_part("ab").add_part("c").hex());
}

}  // namespace
}  // namespace histoloom
