#include <fmt/format.h>

#include "histoloom/bundle/import.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/vocabulary/label_set.h"
#include "network_commands.h"

namespace histoloom {

namespace {

std::pair<std::string, std::filesystem::path> parse_context(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
    throw UserError(fmt::format("--context must be NAME=FILE, got '{}'", text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// Reads the label set, where one is given, and checks it.
void read_labels(ImportCommand& a) {
  if (a.labels.empty()) return;
  a.options.labels_json = read_file(a.labels);
  static_cast<void>(LabelSet::parse(a.options.labels_json, a.labels.string()));
}

Run written(ImportedBundle bundle, const std::filesystem::path& out) {
  return [bundle = std::make_shared<ImportedBundle>(std::move(bundle)), out](Progress& progress) {
    bundle->write(progress);
    fmt::print("{}\n", out.string());
    return 0;
  };
}

ImportedBundle read_bundle(ImportCommand& a) {
  if (a.kind == ImportKind::diffinfinite)
    return ImportedBundle::diffinfinite(a.diffinfinite, a.options);
  for (const std::string& text : a.contexts) a.diffusers.contexts.push_back(parse_context(text));
  return ImportedBundle::diffusers(a.diffusers, a.options);
}

}  // namespace

Subcommand import_command(CLI::App* app, std::shared_ptr<ImportCommand> command) {
  return {app, [command] {
            read_labels(*command);
            return written(read_bundle(*command), command->options.out);
          }};
}

}  // namespace histoloom
