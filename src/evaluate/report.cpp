#include "histoloom/evaluate/report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

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

std::string line(const std::string& name, const std::string& synthetic, const std::string& real,
                 const std::string& ceiling, const std::string& unit) {
  std::string out =
      fmt::format("{:<34} {:<26} {:<26} {:<10} {}", name, synthetic, real, ceiling, unit);
  out.resize(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

}  // namespace

std::string report_table(const EvaluationReport& report) {
  std::string out = line("measure", "synthetic", "real against real", "ceiling", "unit");
  for (const ReportRow& row : report.rows) {
    const std::string ceiling = row.ceiling ? text_of(row.ceiling) : "";
    out += line(row.of.empty() ? row.measure : row.measure + " " + row.of, text_of(row.synthetic),
                text_of(row.real), ceiling, row.unit);
  }
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
    if (row.ceiling) entry["ceiling"] = json_of(row.ceiling);
    json["measures"].push_back(std::move(entry));
  }
  json["curves"] = Json::object();
  for (const ReportCurve& curve : report.curves) json["curves"][curve.name] = curve.values;
  // Paths are any bytes; what is not UTF-8 is replaced.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace histoloom::evaluate
