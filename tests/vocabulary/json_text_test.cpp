#include "histoloom/vocabulary/json_text.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

TEST(JsonText, KeepsWhatIsUtf8) {
  const nlohmann::ordered_json json{{"b", "µm"}, {"a", {1, 2}}};
  EXPECT_EQ(json_text(json), "{\"b\":\"µm\",\"a\":[1,2]}");
  EXPECT_EQ(json_text(json, 1), "{\n \"b\": \"µm\",\n \"a\": [\n  1,\n  2\n ]\n}");
  EXPECT_EQ(as_utf8("µm"), "µm");
  EXPECT_EQ(as_utf8(""), "");
}

TEST(JsonText, ReplacesWhatIsNot) {
  EXPECT_EQ(json_text(nlohmann::json("a\xff.svs")), "\"a\uFFFD.svs\"");
  EXPECT_EQ(as_utf8("a\xff.svs"), "a\uFFFD.svs");
  EXPECT_EQ(as_utf8(as_utf8("\xc3")), as_utf8("\xc3")) << "what was read stays as it is";
}

}  // namespace
}  // namespace histoloom
