// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "harness/model/verdict.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> selected;
  bool json = false;
  bool ids = false;
};

std::string as_json(const std::vector<scenario::Scenario>& scenarios) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const scenario::Scenario& scenario : scenarios) {
    nlohmann::ordered_json fixes = nlohmann::ordered_json::array();
    for (const scenario::Fix& fix : scenario.fixes)
      fixes.push_back({{"id", fix.id}, {"wrong", fix.wrong}});
    list.push_back({{"id", scenario.id},
                    {"title", scenario.title},
                    {"file", scenario.file},
                    {"tags", scenario.tags},
                    {"refs", scenario.refs},
                    {"tools", scenario.needs.tools},
                    {"fixes", fixes},
                    {"weak", scenario.weak()}});
  }
  // Titles are the author's bytes: replaced, not thrown at the reader.
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

std::string as_table(const std::vector<scenario::Scenario>& scenarios) {
  std::size_t width = 0;
  for (const scenario::Scenario& scenario : scenarios)
    width = std::max(width, scenario.id.size());
  std::string text;
  for (const scenario::Scenario& scenario : scenarios)
    text += fmt::format("{:<{}}  {}{}\n", scenario.id, width, scenario.title,
                        scenario.weak() ? "  (weak)" : "");
  return text;
}

int list(const Options& options) {
  const auto selection = select_scenarios(options.selected);
  if (!selection) {
    print_error(selection.error());
    return model::kExitUsage;
  }
  if (!selection->nothing.step.empty()) {
    print_error(selection->nothing);
    return model::kExitNothingSelected;
  }
  if (options.ids) {  // needs no parsing: shells ask for it at each tab
    std::string text;
    for (const ScenarioFile& file : selection->files) text += file.id + "\n";
    write_out(text);
    return model::kExitGood;
  }
  const Loaded loaded = load_scenarios(selection->files);
  write_out(options.json ? as_json(loaded.scenarios)
                         : as_table(loaded.scenarios));
  write_err(loaded.report);
  return loaded.mistakes == 0 ? model::kExitGood : model::kExitUsage;
}

}  // namespace

void add_list(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("list", "Show the scenarios");
  command->allow_extras();
  command
      ->add_option("selected", options->selected,
                   "Ids, folders, globs or files; all when none is given")
      ->option_text("[PATH|ID...]");
  CLI::Option* json =
      command->add_flag("--json", options->json, "Everything, as JSON");
  command->add_flag("--ids", options->ids, "Only the ids, one a line")
      ->excludes(json);
  command->footer(
      "Examples:\n"
      "  driftcage list\n"
      "  driftcage list 'go/path-*'\n"
      "  driftcage list --json | jq -r '.[] | select(.weak) | .id'");
  command->callback(
      [options, &chosen] { chosen = [options] { return list(*options); }; });
}

}  // namespace driftcage::runner
