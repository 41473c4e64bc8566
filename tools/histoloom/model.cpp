#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "default_model.h"
#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/weights_sum.h"
#include "histoloom/core/writable.h"
#include "subcommands.h"

namespace histoloom {

namespace {

constexpr int kFaulty = 1;

struct ModelCheckArguments {
  std::filesystem::path model = default_model();
  bool update = false;
};

// A line on each weights file; the exit code.
int print_findings(const std::vector<WeightsFinding>& findings) {
  int code = 0;
  for (const WeightsFinding& finding : findings) {
    fmt::print("{}\n", finding.text);
    if (finding.fault) code = kFaulty;
  }
  return code;
}

void warn_if_stale(const ModelBundle& bundle, Progress& progress) {
  const std::string stale = stale_text(bundle);
  if (!stale.empty()) progress.warn(stale);
}

// The weights are read before the run: what they are like is no failure on the way.
Run check_of(const ModelCheckArguments& arguments) {
  const ModelBundle bundle = ModelBundle::read(arguments.model);
  return [bundle, findings = check_weights(bundle)](Progress& progress) {
    warn_if_stale(bundle, progress);
    return print_findings(findings);
  };
}

Run update_of(const ModelCheckArguments& arguments) {
  const std::filesystem::path model = ModelBundle::read(arguments.model).directory;
  require_writable(model / "model.json", "--update");
  return [model](Progress& progress) {
    const std::vector<WeightsFinding> findings = state_weights(model);
    warn_if_stale(ModelBundle::read(model), progress);
    return print_findings(findings);
  };
}

}  // namespace

void add_model(CLI::App& program, std::vector<Subcommand>& out) {
  CLI::App* model = program.add_subcommand("model", "what a model's weights are");
  model->require_subcommand(1);
  auto arguments = std::make_shared<ModelCheckArguments>();
  CLI::App* check = model->add_subcommand(
      "check", "compare each weights file with the SHA-256 that model.json states");
  check->add_option("model", arguments->model, "bundle directory")->capture_default_str();
  check->add_flag("--update", arguments->update,
                  "have model.json state the weights as they are, after you changed them");
  out.push_back({check, [arguments] {
                   return arguments->update ? update_of(*arguments) : check_of(*arguments);
                 }});
}

}  // namespace histoloom
