// SPDX-License-Identifier: Apache-2.0
#include "harness/model/verdict.h"
#include "harness/scenario/parser.h"
#include "runner/commands.h"
#include "runner/terminal.h"

namespace driftcage::runner {

void add_schema(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand(
      "schema", "Print the JSON Schema of scenarios, for editors");
  command->allow_extras();
  command->footer(
      "An editor with a TOML language server checks and completes scenarios "
      "with it.\n\n"
      "Examples:\n"
      "  driftcage schema > docs/scenario.schema.json");
  command->callback([&chosen] {
    chosen = [] {
      std::string text = scenario::json_schema();
      if (!text.ends_with('\n')) text += '\n';
      write_out(text);
      return static_cast<int>(model::kExitGood);
    };
  });
}

}  // namespace driftcage::runner
