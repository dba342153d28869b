// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "harness/base/sys.h"
#include "harness/model/verdict.h"
#include "harness/report/explain.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

int explain(const std::vector<std::string>& words) {
  std::string message;
  for (const std::string& word : words) {
    message += (message.empty() ? "" : " ") + word;
  }
  if (message.empty() || message == "-") {
    auto text = base::sys::read_fd(STDIN_FILENO, "standard input", 1u << 20);
    if (!text) {
      print_error(text.error());
      return model::kExitUsage;
    }
    message = *std::move(text);
  }
  const auto selection = select_scenarios({});
  if (!selection) {
    print_error(selection.error());
    return model::kExitUsage;
  }
  const Loaded loaded = load_scenarios(selection->files);
  write_err(loaded.report);
  const auto found = report::find_message(loaded.scenarios, message);
  if (found.empty()) {
    print_error(
        {"no scenario knows the message",
         {},
         0,
         "driftcage trace -- CMD shows what fails to be found, and why"});
    return model::kExitNothingSelected;
  }
  const std::size_t width = terminal_width(STDOUT_FILENO);
  std::string text;
  for (const report::Resemblance& one : found) {
    if (!text.empty()) text += '\n';
    text += report::advice_text(*one.scenario, width);
  }
  write_out(text);
  return model::kExitGood;
}

}  // namespace

void add_explain(CLI::App& app, Action& chosen) {
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand(
      "explain", "Name the scenarios that an error message comes from");
  command->allow_extras();
  command
      ->add_option("message", *words,
                   "The text of an error; standard input when none is given")
      ->option_text("[TEXT...]");
  command->footer(
      "Exit code 4 when no scenario knows the message.\n\n"
      "Examples:\n"
      "  driftcage explain 'fork/exec /tmp/x: no such file or directory'\n"
      "  go build ./... 2>&1 | driftcage explain");
  command->callback(
      [words, &chosen] { chosen = [words] { return explain(*words); }; });
}

}  // namespace driftcage::runner
