#include <fmt/format.h>

#include <exception>

#include "histoloom/core/error.h"
#include "histoloom/slide/version.h"
#include "subcommands.h"
#include "terminal_progress.h"

namespace {

using namespace histoloom;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kBug = 70;
constexpr int kInterrupted = 130;

int complain(std::string_view what, int code) {
  fmt::print(stderr, "histoloom: {}\n", what);
  return code;
}

int run(const Subcommand& command, bool quiet) {
  int on_user_error = kUsage;  // until work has begun
  try {
    const Work work = command.prepare();
    on_user_error = kFailed;
    catch_interrupts();
    TerminalProgress progress(quiet);
    return work(progress);
  } catch (const UserError& error) {
    return complain(error.what(), on_user_error);
  } catch (const Interrupted& error) {
    return complain(error.what(), kInterrupted);
  } catch (const std::bad_alloc&) {
    return complain("out of memory; lower --memory or the size", kFailed);
  } catch (const std::exception& error) {
    return complain(fmt::format("a bug of ours, please report it: {}", error.what()), kBug);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("Histoloom paints synthetic whole-slide images of histology.", "histoloom");
  program.set_version_flag("--version", std::string("histoloom ") + kVersion);
  // None is complained of below; required here, CLI11 would say so of a misspelt one too.
  program.require_subcommand(0, 1);
  bool quiet = false;
  program.add_flag("--quiet", quiet, "no progress");
  program.fallthrough();
  std::vector<Subcommand> commands;
  add_generate(program, commands);
  add_import(program, commands);
  add_pyramid(program, commands);
  add_train(program, commands);
  add_verify(program, commands);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
    return complain(fmt::format("{}; see histoloom --help", error.what()), kUsage);
  }
  for (const Subcommand& command : commands)
    if (command.app->parsed()) return run(command, quiet);
  return complain("give a subcommand; see histoloom --help", kUsage);
}
