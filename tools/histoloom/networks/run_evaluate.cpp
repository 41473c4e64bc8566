#include <fmt/format.h>

#include "histoloom/core/file.h"
#include "histoloom/core/writable.h"
#include "histoloom/evaluate/evaluate.h"
#include "network_commands.h"
#include "network_space.h"

namespace histoloom {

namespace {

// Reading is taken for a tenth of the time.
std::vector<ExpectedStage> evaluation_stages() {
  return {{.name = "reading masks and patches", .cost = 1}, {.name = "measuring", .cost = 9}};
}

}  // namespace

Subcommand evaluate_command(CLI::App* app, std::shared_ptr<EvaluateCommand> a) {
  return {app, [a]() -> Run {
            for (const std::string& text : a->seams)
              a->options.seams.push_back(evaluate::parse_seam_period(text));
            evaluate::validate(a->options);
            if (!a->report.empty()) require_writable(a->report, "--report");
            require_space_for("measuring", a->options.threads);
            auto inputs =
                std::make_shared<evaluate::EvaluateInputs>(evaluate::open_inputs(a->options));
            if (!a->report.empty()) evaluate::require_no_input(a->report, a->options, *inputs);
            return [a, inputs](Progress& progress) {
              progress.expect(evaluation_stages);
              const evaluate::EvaluationReport report =
                  evaluate::evaluate(a->options, *inputs, progress);
              fmt::print("{}", evaluate::report_table(report));
              if (!a->report.empty()) replace_file(a->report, evaluate::report_json(report));
              return 0;
            };
          }};
}

}  // namespace histoloom
