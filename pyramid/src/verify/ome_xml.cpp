#include "ome_xml.h"

#include <algorithm>
#include <cctype>

#include "histoloom/core/ascii.h"
#include "rules.h"

namespace histoloom::pyramid {
namespace {

// One start tag: its name and the text of its attributes.
struct Element {
  std::string_view name;
  std::string_view attributes;
};

// The next start tag from `at` on, which moves behind it. False at the end of the text.
bool next_element(std::string_view xml, std::size_t& at, Element& out) {
  for (;;) {
    const std::size_t open = xml.find('<', at);
    if (open == std::string_view::npos) return false;
    const std::size_t close = xml.find('>', open);
    if (close == std::string_view::npos) return false;
    at = close + 1;
    std::string_view body = xml.substr(open + 1, close - open - 1);
    if (body.empty() || body[0] == '/' || body[0] == '?' || body[0] == '!') continue;
    const std::size_t end = body.find_first_of(" \t\r\n/");
    out.name = body.substr(0, end);
    // Without its namespace's prefix.
    if (const auto colon = out.name.find(':'); colon != std::string_view::npos) {
      out.name = out.name.substr(colon + 1);
    }
    out.attributes = end == std::string_view::npos ? std::string_view() : body.substr(end);
    return true;
  }
}

std::string attribute(const Element& element, std::string_view name) {
  std::size_t at = 0;
  const std::string_view a = element.attributes;
  while ((at = a.find(name, at)) != std::string_view::npos) {
    const std::size_t quote = at + name.size() + 1;
    const bool starts = at > 0 && std::isspace(static_cast<unsigned char>(a[at - 1])) != 0;
    if (starts && quote < a.size() && a[quote - 1] == '=' &&
        (a[quote] == '"' || a[quote] == '\'')) {
      const std::size_t end = a.find(a[quote], quote + 1);
      if (end == std::string_view::npos) return {};
      return std::string(a.substr(quote + 1, end - quote - 1));
    }
    at += name.size();
  }
  return {};
}

std::optional<double> microns(const Element& pixels, std::string_view axis) {
  const auto value = parse_number(attribute(pixels, axis));
  if (!value || *value <= 0) return std::nullopt;
  const std::string unit = attribute(pixels, std::string(axis) + "Unit");
  if (unit.empty() || unit == "\xC2\xB5m" || unit == "\xCE\xBCm" || unit == "&#181;m") return value;
  if (unit == "nm") return *value / 1000;
  if (unit == "mm") return *value * 1000;
  if (unit == "cm") return *value * 10000;
  if (unit == "m") return *value * 1e6;
  return std::nullopt;
}

std::int64_t whole(const std::string& text) {
  const auto value = parse_number(text);
  return value && *value >= 0 && *value <= 4294967295.0 ? static_cast<std::int64_t>(*value) : 0;
}

}  // namespace

OmeXml parse_ome_xml(std::string_view xml) {
  OmeXml out;
  std::string_view end = xml;
  while (!end.empty() && std::isspace(static_cast<unsigned char>(end.back())) != 0) {
    end.remove_suffix(1);
  }
  out.complete = end.ends_with("OME>");
  std::size_t at = 0;
  Element e;
  while (next_element(xml, at, e)) {
    if (e.name == "Objective" && !out.magnification) {
      out.magnification = parse_number(attribute(e, "NominalMagnification"));
    } else if (e.name == "Image") {
      out.images.push_back({});
      out.images.back().name = attribute(e, "Name");
    } else if (out.images.empty()) {
      continue;
    } else if (e.name == "ObjectiveSettings") {
      out.images.back().has_objective = true;
    } else if (e.name == "Pixels") {
      out.images.back().size = {whole(attribute(e, "SizeX")), whole(attribute(e, "SizeY"))};
      const auto count = [&e](const char* axis) {
        return std::min<std::int64_t>(whole(attribute(e, axis)), 65536);
      };
      out.images.back().planes = count("SizeC") * count("SizeZ") * count("SizeT");
      out.images.back().mpp_x = microns(e, "PhysicalSizeX");
      out.images.back().mpp_y = microns(e, "PhysicalSizeY");
      out.images.back().unit = attribute(e, "PhysicalSizeXUnit");
      out.images.back().interleaved = ascii_lower(attribute(e, "Interleaved")) == "true";
    } else if (e.name == "TiffData" && out.images.back().directory < 0) {
      const std::string ifd = attribute(e, "IFD");
      out.images.back().directory = static_cast<int>(std::min<std::int64_t>(whole(ifd), 65536));
    }
  }
  return out;
}

}  // namespace histoloom::pyramid
