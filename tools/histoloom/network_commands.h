// The subcommands that need networks, each with what its options say.
//
// libtorch takes a second to load, so the program that users call is linked without it. It knows all
// options, and hands a call over to histoloom-networks once they are parsed. So these functions are
// defined twice: tools/histoloom/networks says how a command runs, tools/histoloom/handing_over that
// another program runs it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "histoloom/bundle/import.h"
#include "histoloom/evaluate/evaluate.h"
#include "histoloom/job/arguments.h"
#include "histoloom/train/train_options.h"
#include "subcommands.h"

namespace histoloom {

struct GenerateCommand {
  GenerateArguments arguments;
  bool dry_run = false, json = false;
};
Subcommand generate_command(CLI::App* app, std::shared_ptr<GenerateCommand> command);

// Only labels that a mask gives need no network.
Subcommand mask_command(CLI::App* app, std::shared_ptr<LabelArguments> arguments);

struct EvaluateCommand {
  evaluate::EvaluateOptions options;
  std::vector<std::string> seams;
  std::filesystem::path report;
};
Subcommand evaluate_command(CLI::App* app, std::shared_ptr<EvaluateCommand> command);

enum class ImportKind { diffinfinite, diffusers };

struct ImportCommand {
  ImportKind kind;
  ImportOptions options = {};
  std::filesystem::path labels = {};
  DiffInfiniteImport diffinfinite = {};
  DiffusersImport diffusers = {};
  std::vector<std::string> contexts = {};  // NAME=FILE
};
Subcommand import_command(CLI::App* app, std::shared_ptr<ImportCommand> command);

enum class TrainedNetwork { autoencoder, denoiser, mask };

struct TrainCommand {
  TrainedNetwork network;
  TrainOptions options = {};
  std::string dtype = {};                         // empty: the fastest
  std::string optimizer = {};                     // empty: the network's
  std::vector<std::string> folders = {};          // of masks
  std::vector<std::string> coarser_folders = {};  // of masks for the coarser scale alone
  std::vector<std::string> slides = {};
};
Subcommand train_command(CLI::App* app, std::shared_ptr<TrainCommand> command);

}  // namespace histoloom
