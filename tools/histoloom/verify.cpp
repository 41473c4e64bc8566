#include "histoloom/pyramid/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "histoloom/vocabulary/json_text.h"
#include "subcommands.h"

namespace histoloom {

namespace {

using Json = nlohmann::ordered_json;

struct VerifyArguments {
  std::filesystem::path slide;
  bool json = false;
};

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json json_of(const pyramid::ReaderView& view) {
  Json levels = Json::array();
  for (const PixelSize size : view.levels) levels.push_back({size.width, size.height});
  Json pictures = Json::array();
  for (const pyramid::AssociatedView& picture : view.associated) {
    pictures.push_back({{"name", picture.name},
                        {"size", {picture.size.width, picture.size.height}},
                        {"directory", picture.directory}});
  }
  return {{"reader", view.reader},
          {"opens", view.known ? Json(view.opens) : Json(nullptr)},
          {"how", view.how},
          {"levels", levels},
          {"mpp", {json_of(view.mpp_x), json_of(view.mpp_y)}},
          {"magnification", json_of(view.magnification)},
          {"associated", pictures},
          {"notes", view.notes}};
}

Json json_of(const pyramid::VerifyReport& report) {
  Json readers = Json::array();
  for (const pyramid::ReaderView& view : report.readers) readers.push_back(json_of(view));
  Json findings = Json::array();
  for (const pyramid::Finding& finding : report.findings) {
    findings.push_back(
        {{"severity", finding.severity == pyramid::Severity::error ? "error" : "warning"},
         {"text", finding.text}});
  }
  return {{"path", report.path}, {"big_tiff", report.big_tiff}, {"bytes", report.bytes},
          {"readers", readers},  {"findings", findings},        {"ok", !report.has_errors()}};
}

}  // namespace

void add_verify(CLI::App& program, std::vector<Subcommand>& out) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* app = program.add_subcommand(
      "verify", "what each reader will see of a TIFF slide, and what is wrong with it");
  app->add_option("slide", arguments->slide, "a TIFF file")->required();
  app->add_flag("--json", arguments->json, "the report as JSON");
  out.push_back({app, [arguments]() -> Run {
                   auto report = std::make_shared<pyramid::VerifyReport>(
                       pyramid::verify(pyramid::read_tiff(arguments->slide)));
                   return [report, arguments](Progress&) {
                     if (arguments->json) {
                       fmt::print("{}\n", json_text(json_of(*report), 2));
                     } else {
                       fmt::print("{}", pyramid::describe(*report));
                     }
                     return report->has_errors() ? 1 : 0;
                   };
                 }});
}

}  // namespace histoloom
