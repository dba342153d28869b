// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "harness/base/sys.h"
#include "harness/mine/repair.h"
#include "harness/model/verdict.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> files;
  bool fix = false;
};

// Mends what is obvious, in the files themselves. False when one could not be
// read or written.
bool mend(const std::vector<ScenarioFile>& files) {
  for (const ScenarioFile& file : files) {
    const auto text = read_scenario(file.path);
    if (!text) {
      print_error(text.error());
      return false;
    }
    const mine::Repair repair =
        mine::repair(*text, file.path, {file.id, read_scenario});
    if (repair.text == *text) continue;
    if (const auto written = base::sys::write_file(file.path, repair.text);
        !written) {
      print_error(written.error());
      return false;
    }
    for (const std::string& what : repair.done) {
      write_err(fmt::format("{}: fixed {}\n", file.path, what));
    }
  }
  return true;
}

int check(const Options& options) {
  const auto selection = select_scenarios(options.files);
  if (!selection) {
    print_error(selection.error());
    return model::kExitUsage;
  }
  if (!selection->nothing.step.empty()) {
    print_error(selection->nothing);
    return model::kExitNothingSelected;
  }
  if (options.fix && !mend(selection->files)) return model::kExitHost;
  const Loaded loaded = load_scenarios(selection->files);
  write_err(loaded.report);
  if (loaded.mistakes > 0) {
    write_err(fmt::format("{} mistake{} in {} scenario file{}\n",
                          loaded.mistakes, loaded.mistakes == 1 ? "" : "s",
                          selection->files.size(),
                          selection->files.size() == 1 ? "" : "s"));
    return model::kExitUsage;
  }
  for (const scenario::Scenario& scenario : loaded.scenarios)
    write_out(fmt::format("{}: ok\n", scenario.file));
  return model::kExitGood;
}

}  // namespace

void add_check(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "check", "Look for mistakes in scenarios, run nothing");
  command->allow_extras();
  command
      ->add_option("files", options->files,
                   "Files, folders, ids or globs; all when none is given")
      ->option_text("[FILE...]");
  command->add_flag("--fix", options->fix,
                    "Mend what has one obvious remedy, in the files: names\n"
                    "with one near name, blanks at line ends");
  command->footer(
      "Shows every mistake at once, each with its line. Exit code 2 when there "
      "is one.\n\n"
      "Examples:\n"
      "  driftcage check my-scenario.toml\n"
      "  driftcage check scenarios/\n"
      "  driftcage check --fix my-scenario.toml");
  command->callback(
      [options, &chosen] { chosen = [options] { return check(*options); }; });
}

}  // namespace driftcage::runner
