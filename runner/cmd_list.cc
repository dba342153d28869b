// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "harness/model/verdict.h"
#include "harness/report/escape.h"
#include "harness/run/filter.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/process.h"
#include "runner/selection.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  SelectionOptions selection;
  bool json = false;
  bool ids = false;
};

std::string as_json(const std::vector<scenario::Scenario>& scenarios) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const scenario::Scenario& scenario : scenarios) {
    nlohmann::ordered_json fixes = nlohmann::ordered_json::array();
    for (const scenario::Fix& fix : scenario.fixes)
      fixes.push_back({{"id", fix.id}, {"wrong", fix.wrong}});
    nlohmann::ordered_json faults = nlohmann::ordered_json::array();
    for (const scenario::Fault& fault : scenario.faults)
      faults.push_back(
          {{"id", fault.id}, {"effects", run::effect_keys(fault.effects)}});
    list.push_back({{"id", scenario.id},
                    {"title", scenario.title},
                    {"file", scenario.file},
                    {"tags", scenario.tags},
                    {"refs", scenario.refs},
                    {"tools", scenario.needs.tools},
                    {"features", scenario.needs.features},
                    {"libc", scenario.needs.libc},
                    {"arch", scenario.needs.arch},
                    {"faults", faults},
                    {"fixes", fixes},
                    {"group", scenario.group},
                    {"exclusive", scenario.exclusive},
                    {"timeout_ms", scenario.timeout_ms},
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
    text += fmt::format("{:<{}}  {}{}\n", scenario.id, width,
                        report::printable_text(scenario.title),
                        scenario.weak() ? "  (weak)" : "");
  return text;
}

// Needs no parsing: shells ask for it at each tab. Nothing when the place of a
// file does not tell its id.
std::optional<int> list_ids(const Options& options) {
  const auto selection = select_scenarios(options.selection.selected);
  if (!selection) {
    print_error(selection.error());
    return model::kExitUsage;
  }
  if (!selection->nothing.step.empty()) {
    print_error(selection->nothing);
    return model::kExitNothingSelected;
  }
  std::string text;
  for (const ScenarioFile& file : selection->files) {
    if (file.id.empty()) return std::nullopt;
    text += file.id + "\n";
  }
  write_out(text);
  return model::kExitGood;
}

int list(const Options& options) {
  const bool filtered = !options.selection.expression.empty() ||
                        !variable("DRIFTCAGE_FILTER").empty();
  if (options.ids && !filtered) {
    if (const auto code = list_ids(options)) return *code;
  }
  auto chosen = choose(options.selection, Mistakes::ShowTheRest);
  if (!chosen) return chosen.error();
  std::string text;
  if (options.ids) {
    for (const auto& scenario : chosen->scenarios) text += scenario.id + "\n";
  } else {
    text =
        options.json ? as_json(chosen->scenarios) : as_table(chosen->scenarios);
  }
  write_out(text);
  return chosen->mistakes == 0 ? model::kExitGood : model::kExitUsage;
}

}  // namespace

void add_list(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("list", "Show the scenarios");
  add_selection(*command, options->selection);
  add_images(*command, options->selection);
  CLI::Option* json =
      command->add_flag("--json", options->json, "Everything, as JSON");
  command->add_flag("--ids", options->ids, "Only the ids, one a line")
      ->excludes(json);
  command->footer(
      "Examples:\n"
      "  driftcage list\n"
      "  driftcage list 'go/path-*'\n"
      "  driftcage list -E 'fault(path.*) & !needs(gcc)'\n"
      "  driftcage list --json | jq -r '.[] | select(.weak) | .id'");
  command->callback(
      [options, &chosen] { chosen = [options] { return list(*options); }; });
}

}  // namespace driftcage::runner
