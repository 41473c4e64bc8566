// What an evaluation found: every measure of the synthetic side, next to that of real against real.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "histoloom/evaluate/bootstrap.h"

namespace histoloom::evaluate {

struct Figure {
  double value = 0;
  std::optional<Interval> interval;  // interval of 95 %

  Figure() = default;
  explicit Figure(double v) : value(v) {}
  explicit Figure(const Estimate& estimate) : value(estimate.value), interval(estimate.interval) {}
};

struct ReportRow {
  std::string measure;  // name such as "sliced_wasserstein"
  std::string of;       // part that is measured: "256 px", "red"; empty if there is one only
  std::string unit;     // unit of the value; empty for plain numbers
  std::optional<Figure> synthetic;
  std::optional<Figure> real;     // real against real
  std::optional<Figure> ceiling;  // hard tiling, for seams
  // Real patches that an autoencoder has given back; such a row has nothing synthetic.
  std::optional<Figure> reconstruction = {};
};

// A list of numbers for plotting, such as a histogram.
struct ReportCurve {
  std::string name;
  std::vector<double> values;
};

struct EvaluationReport {
  std::string facts_json = "{}";  // an object: what was compared
  std::vector<ReportRow> rows;
  std::vector<ReportCurve> curves;
};

// Lines of columns for people.
std::string report_table(const EvaluationReport& report);
// The report as JSON, which docs/evaluation.md documents.
std::string report_json(const EvaluationReport& report);

}  // namespace histoloom::evaluate
