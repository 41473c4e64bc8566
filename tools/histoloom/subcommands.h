// The subcommands of histoloom, one file each.
//
// Each adds its options to the program and returns what runs it. A command runs in two halves, so
// that main can tell unusable input (exit code 2) from a failure on the way (1): prepare() checks
// everything that can be checked and returns the run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "histoloom/core/progress.h"

// Declared, since CLI11's header takes longer to compile than most that includes this one.
namespace CLI {
class App;
}

namespace histoloom {

// The run of a command that has been checked; returns the exit code.
using Run = std::function<int(Progress&)>;
// Checks the options of a command and returns its run. UserError is wrong usage here.
using Prepare = std::function<Run()>;

struct Subcommand {
  CLI::App* app = nullptr;
  Prepare prepare;
  // Whether the program with the networks runs it, asked once its options are parsed; none: no.
  std::function<bool()> needs_networks = {};
  // Called before the run is prepared and anything is said; none: nothing is to be done.
  std::function<void()> begin = {};
};

void add_evaluate(CLI::App& program, std::vector<Subcommand>& out);
void add_generate(CLI::App& program, std::vector<Subcommand>& out);
void add_import(CLI::App& program, std::vector<Subcommand>& out);
void add_mask(CLI::App& program, std::vector<Subcommand>& out);
void add_model(CLI::App& program, std::vector<Subcommand>& out);
void add_pyramid(CLI::App& program, std::vector<Subcommand>& out);
void add_refine(CLI::App& program, std::vector<Subcommand>& out);
// Adds --seed, a whole number of 64 bits; CLI11 by itself would take -1 for the largest.
void add_seed(CLI::App& app, std::uint64_t& seed, const char* help);

// A --date where it is given, else that of the environment's SOURCE_DATE_EPOCH, else nothing.
// UserError where that is no number of seconds.
std::string date_or_epoch(const std::string& date);

void add_train(CLI::App& program, std::vector<Subcommand>& out);
void add_verify(CLI::App& program, std::vector<Subcommand>& out);

}  // namespace histoloom
