#include "histoloom/core/readable.h"

#include <gtest/gtest.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

TEST(Readable, SaysWhatToGiveInPlaceOfAFileThatDoesNotOpen) {
  const ScratchDirectory scratch;
  const std::string folder = scratch.path().string();
  EXPECT_EQ(message_of([&] { require_readable(folder, "an image"); }),
            folder + " is a directory; give an image");
  EXPECT_EQ(message_of([&] { require_readable(scratch / "none", "an image"); }),
            folder + "/none can't be opened: No such file or directory; check the path");
  write_bytes(scratch / "empty", "");
  EXPECT_EQ(message_of([&] { require_readable(scratch / "empty", "an image"); }), "");
}

}  // namespace
}  // namespace histoloom
