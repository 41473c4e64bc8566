#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "hand_over.h"
#include "histoloom/core/error.h"
#include "histoloom/core/version.h"
#include "subcommands.h"
#include "suggestion.h"
#include "terminal_progress.h"

namespace {

using namespace histoloom;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kBug = 70;

constexpr std::string_view kOutOfMemory = "out of memory; lower --memory or the size";

// One line, whatever a file's name or a library's message holds.
int complain(std::string_view what, int code) {
  fmt::print(stderr, "histoloom: {}\n", one_line(what.substr(0, what.find("\nframe #"))));
  return code;
}

// libtorch has an error of its own for memory that it doesn't get.
bool is_out_of_memory(std::string_view what) {
  return what.find("can't allocate memory") != std::string_view::npos;
}

// fmt::print() says so when it is to print more than is buffered.
bool is_of_printing(std::string_view what) { return what.starts_with("cannot write to file"); }

// What the user wants to hear on the way.
struct Voice {
  bool quiet = false, verbose = false;
  std::string progress = "auto";
};

int run(const Subcommand& command, const Voice& voice) {
  int on_user_error = kUsage;  // until work has begun
  try {
    ProgressDisplay progress(
        voice.quiet ? ProgressForm::none : progress_form(voice.progress, stderr_is_terminal()),
        voice.verbose, stderr_screen());
    progress.log(fmt::format("histoloom {} {}", kVersion, command.app->get_name()));
    const Run run = command.prepare();
    progress.log("checked: files, disks, model, networks");
    on_user_error = kFailed;
    let_work_finish();
    const int code = run(progress);
    progress.log(fmt::format("ends with exit code {}", code));
    return code;
  } catch (const UserError& error) {
    return complain(error.what(), on_user_error);
  } catch (const Interrupted& error) {
    return complain(error.what(), kInterrupted);
  } catch (const std::bad_alloc&) {
    return complain(kOutOfMemory, kFailed);
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(fmt::format("{}: {}", error.path1().string(), error.code().message()),
                    on_user_error);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error.what())) return complain(kOutOfMemory, kFailed);
    if (is_of_printing(error.what())) return kFailed;  // main() says why
    return complain(fmt::format("a bug of ours, please report it: {}", error.what()), kBug);
  }
}

int run_program(int argc, char** argv) {
  CLI::App program("Histoloom paints synthetic whole-slide images of histology.", "histoloom");
  program.set_version_flag("--version", std::string("histoloom ") + kVersion);
  // None is complained of below; required here, CLI11 would say so of a misspelt one too.
  program.require_subcommand(0, 1);
  Voice voice;
  CLI::Option* quiet = program.add_flag("--quiet", voice.quiet, "no progress, as --progress none");
  program
      .add_option("--progress", voice.progress,
                  "on stderr: auto (a bar on a terminal, else plain), plain, json or none")
      ->check(CLI::IsMember({"auto", "plain", "json", "none"}))
      ->excludes(quiet)
      ->capture_default_str();
  program.add_flag("--verbose", voice.verbose, "a log of stages, decisions and times on stderr");
  program.fallthrough();
  std::vector<Subcommand> commands;
  add_evaluate(program, commands);
  add_generate(program, commands);
  add_import(program, commands);
  add_mask(program, commands);
  add_model(program, commands);
  add_pyramid(program, commands);
  add_refine(program, commands);
  add_train(program, commands);
  add_verify(program, commands);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
    return complain(fmt::format("{}{}; see histoloom --help", error.what(), suggestion(program)),
                    kUsage);
  }
  for (const Subcommand& command : commands) {
    if (!command.app->parsed()) continue;
    if (command.begin) command.begin();
    if (!command.needs_networks || !command.needs_networks()) return run(command, voice);
    try {
      hand_over(argv);
    } catch (const UserError& error) {
      return complain(error.what(), kUsage);
    }
  }
  return complain("give a subcommand; see histoloom --help", kUsage);
}

}  // namespace

int main(int argc, char** argv) {
  catch_interrupts();
  const int code = run_program(argc, argv);
  // What was printed may only now meet a full disk.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    return complain("standard output: can't be written; is its disk full?", kFailed);
  return code;
}
