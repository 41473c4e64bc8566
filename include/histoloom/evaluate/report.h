// What an evaluation found: every measure of the synthetic side beside the same of real against
// real.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "histoloom/evaluate/bootstrap.h"

namespace histoloom::evaluate {

struct Figure {
  double value = 0;
  std::optional<Interval> interval;  // 95 %

  Figure() = default;
  explicit Figure(double v) : value(v) {}
  explicit Figure(const Estimate& estimate) : value(estimate.value), interval(estimate.interval) {}
};

struct ReportRow {
  std::string measure;  // "sliced_wasserstein"
  std::string of;       // what part: "256 px", "red"; empty where there is one only
  std::string unit;     // empty for plain numbers
  std::optional<Figure> synthetic;
  std::optional<Figure> real;     // real against real
  std::optional<Figure> ceiling;  // of seams: hard tiling
  // Of real patches that an autoencoder has given back; such a row has nothing synthetic.
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
// docs/evaluation.md documents it.
std::string report_json(const EvaluationReport& report);

}  // namespace histoloom::evaluate
