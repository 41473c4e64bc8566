#include "histoloom/pyramid/scale.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rules.h"

namespace histoloom::pyramid {
namespace {

// ImageJ's and QuPath's names of a unit (ij.measure.Calibration, ij.io.FileInfo), in microns.
constexpr std::array<std::pair<std::string_view, double>, 13> kUnits{{{"micron", 1},
                                                                      {"microns", 1},
                                                                      {"um", 1},
                                                                      {"\xC2\xB5m", 1},
                                                                      {"\xCE\xBCm", 1},
                                                                      {"\xB5m", 1},
                                                                      {"\\u00B5m", 1},
                                                                      {"nm", 0.001},
                                                                      {"mm", 1000},
                                                                      {"cm", 10000},
                                                                      {"m", 1e6},
                                                                      {"inch", 25400},
                                                                      {"inches", 25400}}};

// The value of a line "key=value".
std::string_view line_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=')
      return line.substr(key.size() + 1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

}  // namespace

std::optional<double> microns_a_pixel(double unit, std::optional<double> resolution) {
  return resolution && *resolution > 0 ? std::optional(unit / *resolution) : std::nullopt;
}

double imagej_unit(const TiffFile& file) {
  const std::string_view text = first_description(file);
  if (!text.starts_with("ImageJ=")) return 0;
  const std::string_view unit = line_value(text, "unit");
  const auto at = std::find_if(kUnits.begin(), kUnits.end(),
                               [&](const auto& known) { return known.first == unit; });
  return at == kUnits.end() ? 0 : at->second;
}

TiffScale scale_of(const TiffFile& file) {
  ReaderView view = qupath_view(file);
  if (!view.opens) return {};
  const bool by_description = is_ome(file) || is_aperio(file);
  TiffScale out{view.mpp_x, view.mpp_y, !by_description, view.magnification,
                std::move(view.associated)};
  if (const double unit = by_description ? 0 : imagej_unit(file); unit > 0) {
    out.mpp_x = microns_a_pixel(unit, file.chain[0].x_resolution);
    out.mpp_y = microns_a_pixel(unit, file.chain[0].y_resolution);
    out.by_resolution = false;
  }
  return out;
}

}  // namespace histoloom::pyramid
