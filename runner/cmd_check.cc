// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "harness/model/verdict.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

int check(const std::vector<std::string>& arguments) {
  const auto selection = select_scenarios(arguments);
  if (!selection) {
    print_error(selection.error());
    return model::kExitUsage;
  }
  if (!selection->nothing.step.empty()) {
    print_error(selection->nothing);
    return model::kExitNothingSelected;
  }
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
  const auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand(
      "check", "Look for mistakes in scenarios, run nothing");
  command->allow_extras();
  command
      ->add_option("files", *files,
                   "Files, folders, ids or globs; all when none is given")
      ->option_text("[FILE...]");
  command->footer(
      "Shows every mistake at once, each with its line. Exit code 2 when there "
      "is one.\n\n"
      "Examples:\n"
      "  driftcage check my-scenario.toml\n"
      "  driftcage check scenarios/");
  command->callback(
      [files, &chosen] { chosen = [files] { return check(*files); }; });
}

}  // namespace driftcage::runner
