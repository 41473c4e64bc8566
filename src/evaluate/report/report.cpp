#include "histoloom/evaluate/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "histoloom/vocabulary/json_text.h"

namespace histoloom::evaluate {

namespace {

using Json = nlohmann::ordered_json;

// JSON has no infinities: they become null, as numbers that are not there.
Json json_of(const std::optional<Figure>& figure) {
  if (!figure) return nullptr;
  Json out{{"value", figure->value}};
  if (figure->interval) out["interval"] = {figure->interval->low, figure->interval->high};
  return out;
}

std::string text_of(const std::optional<Figure>& figure) {
  if (!figure) return "-";
  std::string out = fmt::format("{:.4g}", figure->value);
  if (figure->interval)
    out += fmt::format(" [{:.3g}, {:.3g}]", figure->interval->low, figure->interval->high);
  return out;
}

struct Line {
  std::string name, synthetic, real, ceiling, unit;
};

std::string name_of(const ReportRow& row) {
  return row.of.empty() ? row.measure : row.measure + " " + row.of;
}

std::string text_of(const Line& line, std::size_t name_width) {
  std::string out = fmt::format("{:<{}}  {:<26} {:<26} {:<10} {}", line.name, name_width,
                                line.synthetic, line.real, line.ceiling, line.unit);
  out.resize(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

}  // namespace

std::string report_table(const EvaluationReport& report) {
  std::vector<Line> lines{{"measure", "synthetic", "real against real", "ceiling", "unit"}};
  bool reconstructions = false;  // head the lines that follow
  for (const ReportRow& row : report.rows) {
    if (row.reconstruction.has_value() != reconstructions)
      lines.push_back({"", reconstructions ? "synthetic" : "reconstruction", "", "", ""});
    reconstructions = row.reconstruction.has_value();
    lines.push_back({name_of(row), text_of(reconstructions ? row.reconstruction : row.synthetic),
                     text_of(row.real), row.ceiling ? text_of(row.ceiling) : "", row.unit});
  }
  std::size_t width = 0;
  for (const Line& line : lines) width = std::max(width, line.name.size());
  std::string out;
  for (const Line& line : lines) out += text_of(line, width);
  return out;
}

std::string report_json(const EvaluationReport& report) {
  Json json = Json::parse(report.facts_json);
  json["measures"] = Json::array();
  for (const ReportRow& row : report.rows) {
    Json entry{{"measure", row.measure},
               {"of", row.of},
               {"unit", row.unit},
               {"synthetic", json_of(row.synthetic)},
               {"real", json_of(row.real)}};
    if (row.reconstruction) entry["reconstruction"] = json_of(row.reconstruction);
    if (row.ceiling) entry["ceiling"] = json_of(row.ceiling);
    json["measures"].push_back(std::move(entry));
  }
  json["curves"] = Json::object();
  for (const ReportCurve& curve : report.curves) json["curves"][curve.name] = curve.values;
  return json_text(json, 2) + "\n";
}

}  // namespace histoloom::evaluate
