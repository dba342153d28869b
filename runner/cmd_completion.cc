// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "harness/model/verdict.h"
#include "runner/commands.h"
#include "runner/completion.h"
#include "runner/terminal.h"

namespace driftcage::runner {

void add_completion(CLI::App& app, Action& chosen) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completion", "Print a completion script for a shell");
  command->allow_extras();
  command->add_option("shell", *shell, "The shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->option_text("bash|zsh|fish");
  command->footer(
      "Examples:\n"
      "  . <(driftcage completion bash)\n"
      "  driftcage completion zsh > \"${fpath[1]}/_driftcage\"\n"
      "  driftcage completion fish > "
      "~/.config/fish/completions/driftcage.fish");
  command->callback([shell, &app, &chosen] {
    chosen = [shell, &app] {
      write_out(completion_script(app, *shell));
      return static_cast<int>(model::kExitGood);
    };
  });
}

}  // namespace driftcage::runner
