#include "rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "histoloom/core/ascii.h"

namespace histoloom::pyramid {

bool name_ends_with(const TiffFile& file, std::string_view ending) {
  return ascii_lower(file.path.filename().string()).ends_with(ending);
}

std::string_view first_description(const TiffFile& file) {
  const auto& description = file.chain[0].description;
  return description ? std::string_view(*description) : std::string_view();
}

bool is_mask(const TiffImage& image) {
  constexpr std::uint32_t kMask = 4;
  return (image.subfile & kMask) != 0;
}

bool is_ome(const TiffFile& file) {
  return first_description(file).find("<OME ") != std::string_view::npos;
}

bool is_aperio(const TiffFile& file) {
  return file.chain[0].tiled && first_description(file).starts_with("Aperio") && !hijack_of(file);
}

std::optional<Hijack> hijack_of(const TiffFile& file) {
  const TiffImage& first = file.chain[0];
  const std::string_view description = first_description(file);
  const auto holds = [](std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
  };
  if (first.hamamatsu) return Hijack{"Hamamatsu", "tag 65420 is present"};
  if (first.software.starts_with("MedScan")) {
    return Hijack{"Trestle", "Software starts with \"MedScan\""};
  }
  // Aperio's driver is asked before the ones below.
  if (first.tiled && description.starts_with("Aperio")) return std::nullopt;
  if (first.make.starts_with("Huron")) return Hijack{"Huron", "Make starts with \"Huron\"", true};
  if (holds(first.argos, "Argos")) return Hijack{"Argos", "tag 65000 holds Argos XML", true};
  if (holds(description, "http://www.leica-microsystems.com/scn/")) {
    return Hijack{"Leica", "ImageDescription holds Leica XML"};
  }
  if (first.tiled && first.software.starts_with("Philips") && description.starts_with("<?xml") &&
      holds(description, "DataObject")) {
    return Hijack{"Philips", "Software starts with \"Philips\" and ImageDescription holds XML"};
  }
  if (holds(first.xmp, "iScan")) return Hijack{"Ventana", "XMP holds \"iScan\""};
  return std::nullopt;
}

std::optional<std::string> aperio_value(std::string_view description, std::string_view key) {
  const auto trimmed = [](std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
      text.remove_prefix(1);
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
      text.remove_suffix(1);
    }
    return text;
  };
  std::optional<std::string> found;
  std::size_t bar = description.find('|');  // what stands before the first bar is no property
  while (bar != std::string_view::npos) {
    const std::size_t end = description.find('|', bar + 1);
    const std::string_view piece = description.substr(bar + 1, end - bar - 1);
    const std::size_t equals = piece.find('=');
    if (equals != std::string_view::npos && trimmed(piece.substr(0, equals)) == key) {
      found = std::string(trimmed(piece.substr(equals + 1)));
    }
    bar = end;
  }
  return found;
}

void set_aperio_scale(ReaderView& view, const TiffFile& file, bool comma) {
  const std::string_view description = first_description(file);
  if (const auto mpp = aperio_value(description, "MPP")) {
    view.mpp_x = view.mpp_y = comma ? parse_number_or_comma(*mpp) : parse_number(*mpp);
  }
  if (const auto power = aperio_value(description, "AppMag")) {
    view.magnification = parse_number(*power);
  }
}

std::string second_line(std::string_view description) {
  const std::size_t end = description.find_first_of("\r\n");
  if (end == std::string_view::npos) return {};
  std::string_view rest = description.substr(end + 1);
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

std::optional<double> parse_number(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> parse_number_or_comma(std::string text) {
  std::replace(text.begin(), text.end(), ',', '.');
  return parse_number(text);
}

std::optional<double> mpp_from(std::optional<double> resolution, std::optional<int> unit,
                               int unit_if_absent) {
  if (!resolution || !(*resolution > 0)) return std::nullopt;
  switch (unit.value_or(unit_if_absent)) {
    case 2:
      return 25400 / *resolution;
    case 3:
      return 10000 / *resolution;
    default:
      return std::nullopt;
  }
}

TiffFile libtiff_part(const TiffFile& file) {
  TiffFile part = file;
  const auto end = std::find_if(part.chain.begin() + 1, part.chain.end(),
                                [](const TiffImage& image) { return image.size.empty(); });
  part.chain.erase(end, part.chain.end());
  return part;
}

bool libtiff_decodes(int compression) {
  constexpr std::array kKnown{1,     2,     3,     4,     5,     6,     7,
                              8,     32766, 32771, 32773, 32809, 32909, 32946,
                              34661, 34676, 34677, 34887, 34925, 50000, 50001};
  return std::find(kKnown.begin(), kKnown.end(), compression) != kKnown.end();
}

}  // namespace histoloom::pyramid
