// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "harness/model/verdict.h"
#include "harness/scenario/parser.h"
#include "runner/commands.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

int faults() {
  std::string text;
  for (const scenario::EffectInfo& effect : scenario::effects()) {
    text += fmt::format("{} = {}\n    {}\n    example: {}\n", effect.key,
                        effect.value, effect.meaning, effect.example);
    if (!effect.needs.empty())
      text += fmt::format("    needs: {}\n", effect.needs);
  }
  write_out(text);
  return model::kExitGood;
}

}  // namespace

void add_faults(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand(
      "faults", "Show every fault effect that a scenario can use");
  command->allow_extras();
  command->footer(
      "The same keys serve in [[fault]], in [[fix]] and at the top of a "
      "scenario.\n\n"
      "Examples:\n"
      "  driftcage faults\n"
      "  driftcage faults | grep -A3 '^mount'");
  command->callback([&chosen] { chosen = faults; });
}

}  // namespace driftcage::runner
