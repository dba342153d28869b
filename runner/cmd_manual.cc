// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/sys.h"
#include "harness/model/verdict.h"
#include "runner/commands.h"
#include "runner/manual.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> command;
  std::string into;
};

int write_pages(const CLI::App& app, const std::string& folder) {
  auto made = base::sys::make_directories(folder, 0755);
  for (const CLI::App* command : manual_apps(app)) {
    if (!made) break;
    made = base::sys::write_file(folder + "/" + manual_name(*command) + ".1",
                                 manual_page(*command));
  }
  if (made) return model::kExitGood;
  print_error(made.error());
  return model::kExitHost;
}

int manual(const CLI::App& app, const Options& options) {
  if (!options.into.empty()) return write_pages(app, options.into);
  const std::string name =
      fmt::format("driftcage{}{}", options.command.empty() ? "" : "-",
                  fmt::join(options.command, "-"));
  const auto all = manual_apps(app);
  const auto found = std::ranges::find_if(all, [&](const CLI::App* command) {
    return manual_name(*command) == name;
  });
  if (found == all.end()) {
    print_error({"find the command",
                 fmt::format("\"{}\"", fmt::join(options.command, " ")), 0,
                 "driftcage --help shows all"});
    return model::kExitUsage;
  }
  write_out(manual_page(**found));
  return model::kExitGood;
}

}  // namespace

void add_manual(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("manual", "Print a man page");
  command
      ->add_option("command", options->command,
                   "Of this command instead of the program")
      ->option_text("[COMMAND...]");
  command
      ->add_option("--into", options->into,
                   "Write all pages into this folder instead")
      ->option_text("DIR");
  command->footer(
      "Examples:\n"
      "  driftcage manual run | man -l -\n"
      "  driftcage manual --into ~/.local/share/man/man1");
  command->callback([options, &app, &chosen] {
    chosen = [options, &app] { return manual(app, *options); };
  });
}

}  // namespace driftcage::runner
