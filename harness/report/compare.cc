// SPDX-License-Identifier: Apache-2.0
#include "harness/report/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "harness/report/touched.h"
#include "harness/run/record.h"

namespace driftcage::report {
namespace {

constexpr std::size_t kMostOfOneDirectory = 3;

ScenarioComparison::Side side_of(const run::ScenarioResult& result) {
  return {result.judgement.verdict, result.judgement.reason, false};
}

// What the healthy leg touched; empty when there was none.
base::Result<std::set<std::string>> healthy(const run::ScenarioResult& result,
                                            ScenarioComparison::Side& side) {
  for (const match::LegResult& leg : result.legs) {
    if (leg.leg != scenario::Leg::Control || leg.name.empty()) continue;
    side.traced = true;
    return touched(
        result.record_folder + "/" + run::leg_folder(leg.name) + "/trace.dct",
        leg.variables);
  }
  return std::set<std::string>();
}

std::vector<std::string> difference(const std::set<std::string>& from,
                                    const std::set<std::string>& without) {
  std::vector<std::string> lines;
  std::set_difference(from.begin(), from.end(), without.begin(), without.end(),
                      std::back_inserter(lines));
  return lines;
}

// Execs say the most, opens that succeeded the least.
int weight(const std::string& line) {
  if (line.starts_with("exec ")) return 0;
  if (line.starts_with("lookup ")) return 1;
  if (line.starts_with("load ")) return 2;
  return line.find(" = ok") != std::string::npos ? 4 : 3;
}

// `open $GOROOT/src/fmt/print.go = ok` -> `open $GOROOT/src/fmt/`, ` = ok`.
std::pair<std::string, std::string> directory_of(const std::string& line) {
  const std::size_t result = line.rfind(" = ");
  const std::size_t slash = line.rfind('/', result);
  if (result == std::string::npos || slash == std::string::npos)
    return {line, {}};
  return {line.substr(0, slash + 1), line.substr(result)};
}

struct Shown {
  std::vector<std::string> lines;
  std::size_t left_out = 0;
};

Shown shown(const std::vector<std::string>& lines, std::size_t limit) {
  Shown shown;
  if (limit == 0) {
    shown.lines = lines;
    return shown;
  }
  shown.lines = folded(lines, kMostOfOneDirectory);
  std::stable_sort(
      shown.lines.begin(), shown.lines.end(),
      [](const auto& a, const auto& b) { return weight(a) < weight(b); });
  if (shown.lines.size() <= limit) return shown;
  shown.left_out = shown.lines.size() - limit;
  shown.lines.resize(limit);
  return shown;
}

std::string verdict_line(const ScenarioComparison& scenario) {
  std::string before(model::verdict_name(scenario.before.verdict));
  if (!scenario.verdict_changed()) return before;
  return before + " -> " +
         std::string(model::verdict_name(scenario.after.verdict));
}

// Scenarios whose verdict changed come first.
std::vector<const ScenarioComparison*> ordered(const Comparison& comparison) {
  std::vector<const ScenarioComparison*> order;
  for (const ScenarioComparison& scenario : comparison.scenarios)
    order.push_back(&scenario);
  std::stable_partition(order.begin(), order.end(), [](const auto* scenario) {
    return scenario->verdict_changed();
  });
  return order;
}

std::size_t changed_verdicts(const Comparison& comparison) {
  return static_cast<std::size_t>(
      std::count_if(comparison.scenarios.begin(), comparison.scenarios.end(),
                    [](const auto& one) { return one.verdict_changed(); }));
}

std::string closing_line(const Comparison& comparison) {
  return fmt::format(
      "{} scenario{}, {} verdict{} changed{}", comparison.scenarios.size(),
      comparison.scenarios.size() == 1 ? "" : "s", changed_verdicts(comparison),
      changed_verdicts(comparison) == 1 ? "" : "s",
      comparison.got_worse() ? ", for the worse" : "");
}

// The lines of one side, each with `mark` before it.
std::string side_text(const std::vector<std::string>& lines, char mark,
                      std::size_t limit) {
  const Shown side = shown(lines, limit);
  std::string text;
  for (const std::string& line : side.lines)
    text += fmt::format("{} {}\n", mark, line);
  if (side.left_out > 0)
    text += fmt::format("{} ... and {} more\n", mark, side.left_out);
  return text;
}

std::string reasons(const ScenarioComparison& scenario, const char* indent) {
  std::string text;
  if (!scenario.before.reason.empty())
    text += fmt::format("{}before: {}\n", indent, scenario.before.reason);
  if (!scenario.after.reason.empty())
    text += fmt::format("{}after: {}\n", indent, scenario.after.reason);
  return text;
}

}  // namespace

bool ScenarioComparison::got_worse() const {
  const auto skip = model::Verdict::Skip;
  if (!model::is_good(before.verdict)) return false;
  // What is not tried any more is as little known to work as what fails.
  return !model::is_good(after.verdict) ||
         (after.verdict == skip && before.verdict != skip);
}

bool Comparison::got_worse() const {
  return std::any_of(scenarios.begin(), scenarios.end(),
                     [](const auto& one) { return one.got_worse(); });
}

std::vector<std::string> folded(const std::vector<std::string>& lines,
                                std::size_t most) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>>
      directories;
  for (const std::string& line : lines)
    directories[directory_of(line)].push_back(line);
  std::vector<std::string> result;
  for (const auto& [directory, names] : directories) {
    if (names.size() <= most) {
      result.insert(result.end(), names.begin(), names.end());
    } else {
      result.push_back(fmt::format("{}*{}  ({} files)", directory.first,
                                   directory.second, names.size()));
    }
  }
  return result;
}

base::Result<ScenarioComparison> compare(const run::ScenarioResult& before,
                                         const run::ScenarioResult& after) {
  ScenarioComparison result;
  result.id = before.scenario.id;
  result.before = side_of(before);
  result.after = side_of(after);
  const auto old_lines = DRIFTCAGE_TRY(healthy(before, result.before));
  const auto new_lines = DRIFTCAGE_TRY(healthy(after, result.after));
  // Against a leg that did not run everything would be new.
  if (!result.before.traced || !result.after.traced) return result;
  result.only_before = difference(old_lines, new_lines);
  result.only_after = difference(new_lines, old_lines);
  return result;
}

std::string comparison_text(const Comparison& comparison, std::size_t limit) {
  std::string text =
      fmt::format("- {}\n+ {}\n", comparison.before, comparison.after);
  for (const ScenarioComparison* scenario : ordered(comparison)) {
    text += fmt::format("\n{}  {}\n", scenario->id, verdict_line(*scenario));
    text += reasons(*scenario, "  ");
    text += side_text(scenario->only_before, '-', limit);
    text += side_text(scenario->only_after, '+', limit);
  }
  return text + "\n" + closing_line(comparison) + "\n";
}

std::string comparison_markdown(const Comparison& comparison,
                                std::size_t limit) {
  std::string text =
      fmt::format("### `{}` → `{}`\n\n{}.\n\n", comparison.before,
                  comparison.after, closing_line(comparison));
  text += "| scenario | before | after |\n|---|---|---|\n";
  for (const ScenarioComparison* scenario : ordered(comparison)) {
    const std::string after(model::verdict_name(scenario->after.verdict));
    text +=
        fmt::format("| `{}` | {} | {} |\n", scenario->id,
                    model::verdict_name(scenario->before.verdict),
                    scenario->verdict_changed() ? "**" + after + "**" : after);
  }
  for (const ScenarioComparison* scenario : ordered(comparison)) {
    const std::string lines = side_text(scenario->only_before, '-', limit) +
                              side_text(scenario->only_after, '+', limit);
    if (lines.empty()) continue;
    text += fmt::format(
        "\n<details><summary>{}: {} gone, {} new</summary>\n\n```diff\n{}```\n"
        "\n</details>\n",
        scenario->id, scenario->only_before.size(), scenario->only_after.size(),
        lines);
  }
  return text;
}

std::string comparison_json(const Comparison& comparison) {
  using Json = nlohmann::ordered_json;
  const auto side = [](const ScenarioComparison::Side& one,
                       const std::vector<std::string>& only) {
    return Json{{"verdict", model::verdict_name(one.verdict)},
                {"reason", one.reason},
                {"traced", one.traced},
                {"only", only}};
  };
  Json scenarios = Json::array();
  for (const ScenarioComparison& scenario : comparison.scenarios) {
    scenarios.push_back(
        {{"id", scenario.id},
         {"changed", scenario.verdict_changed()},
         {"worse", scenario.got_worse()},
         {"before", side(scenario.before, scenario.only_before)},
         {"after", side(scenario.after, scenario.only_after)}});
  }
  const Json document{{"schema", 1},
                      {"before", comparison.before},
                      {"after", comparison.after},
                      {"worse", comparison.got_worse()},
                      {"scenarios", std::move(scenarios)}};
  return document.dump(2, ' ', false,
                       nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace driftcage::report
