#include "histoloom/core/xml.h"

#include <gtest/gtest.h>

namespace histoloom {
namespace {

TEST(Xml, MarkupIsEscaped) {
  EXPECT_EQ(xml_escaped(R"(a < b && "c" > 'd')"), "a &lt; b &amp;&amp; &quot;c&quot; &gt; 'd'");
  EXPECT_EQ(xml_escaped("&amp;"), "&amp;amp;");
  EXPECT_EQ(xml_escaped(""), "");
}

TEST(Xml, ControlCharactersBecomeSpacesAndUtf8Stays) {
  EXPECT_EQ(xml_escaped(std::string_view("a\0b\x01\n\x1f\x7f", 7)), "a b   \x7f");
  EXPECT_EQ(xml_escaped("µ Gewebe"), "µ Gewebe");
}

}  // namespace
}  // namespace histoloom
