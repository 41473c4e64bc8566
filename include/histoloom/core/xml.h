// Text inside XML.
#pragma once

#include <string>
#include <string_view>

namespace histoloom {

// `text` as it may stand in an XML 1.0 element or attribute: markup is escaped, and control
// characters, which XML 1.0 doesn't allow, become spaces. UTF-8 stays as it is.
std::string xml_escaped(std::string_view text);

}  // namespace histoloom
