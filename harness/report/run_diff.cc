// SPDX-License-Identifier: Apache-2.0
#include "harness/report/run_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/report/case.h"
#include "harness/report/color.h"
#include "harness/report/escape.h"
#include "harness/run/leg_run.h"
#include "harness/run/result_json.h"

namespace driftcage::report {
namespace {

const char* word_of(Change change) {
  switch (change) {
    case Change::Worse:
      return "worse";
    case Change::Better:
      return "better";
    case Change::Other:
      return "other";
    case Change::Lines:
      return "lines";
    case Change::New:
      return "new";
    case Change::Gone:
      return "gone";
  }
  return "";
}

std::vector<std::string> changed_lines(const run::ScenarioResult& before,
                                       const run::ScenarioResult& after) {
  std::vector<std::string> changed;
  // By their text: lines may have been moved.
  const auto holds_of = [](const run::ScenarioResult& result) {
    std::map<std::string, std::pair<bool, std::uint64_t>> holds;
    const auto lines = run::all_lines(result.scenario.expect);
    for (const match::LegResult& leg : result.legs) {
      for (std::size_t i = 0; i < std::min(lines.size(), leg.lines.size());
           ++i) {
        holds[leg.name + ": " + lines[i].text] = {leg.lines[i].holds,
                                                  leg.lines[i].count};
      }
    }
    return holds;
  };
  const auto then = holds_of(before);
  for (const auto& [line, now] : holds_of(after)) {
    const auto found = then.find(line);
    if (found == then.end() || found->second.first == now.first) continue;
    changed.push_back(
        fmt::format("{}: {} -> {}", line, found->second.second, now.second));
  }
  return changed;
}

base::Result<ResultChange> compare(const run::Summary& before,
                                   const run::Summary& after) {
  ResultChange change;
  change.name = case_name(after.id, after.image, after.round);
  change.before = model::verdict_name(before.verdict);
  change.after = model::verdict_name(after.verdict);
  change.reason = after.reason;
  const bool was_good = model::is_good(before.verdict);
  const bool is_good = model::is_good(after.verdict);
  const auto then = run::Record::load_or_error(before);
  const auto now = run::Record::load_or_error(after);
  change.lines = changed_lines(then, now);
  change.change = was_good && !is_good              ? Change::Worse
                  : !was_good && is_good            ? Change::Better
                  : before.verdict == after.verdict ? Change::Lines
                                                    : Change::Other;
  return change;
}

}  // namespace

base::Result<std::vector<ResultChange>> diff_runs(const run::Record& before,
                                                  const run::Record& after,
                                                  bool across) {
  const auto key = [&](const run::Summary& summary) {
    return case_name(summary.id, across ? "host" : summary.image,
                     summary.round);
  };
  std::map<std::string, const run::Summary*> then;
  for (const run::Summary& summary : before.results()) {
    then.emplace(key(summary), &summary);
  }
  std::vector<ResultChange> changes;
  for (const run::Summary& summary : after.results()) {
    const auto found = then.find(key(summary));
    if (found == then.end()) {
      changes.push_back({Change::New,
                         key(summary),
                         "",
                         std::string(model::verdict_name(summary.verdict)),
                         summary.reason,
                         {}});
      continue;
    }
    ResultChange change = DRIFTCAGE_TRY(compare(*found->second, summary));
    then.erase(found);
    if (change.change != Change::Lines || !change.lines.empty()) {
      changes.push_back(std::move(change));
    }
  }
  for (const auto& [name, summary] : then) {
    changes.push_back({Change::Gone,
                       name,
                       std::string(model::verdict_name(summary->verdict)),
                       "",
                       "",
                       {}});
  }
  std::stable_sort(
      changes.begin(), changes.end(),
      [](const auto& a, const auto& b) { return a.change < b.change; });
  return changes;
}

std::string diff_text(const std::vector<ResultChange>& changes, bool color) {
  const Paint paint(color);
  std::string text;
  std::map<std::string, std::size_t> counts;
  for (const ResultChange& change : changes) {
    const char* word = word_of(change.change);
    ++counts[word];
    const std::string label = fmt::format("{:<7}", word);
    text += change.change == Change::Worse    ? paint(Color::Red, label)
            : change.change == Change::Better ? paint(Color::Green, label)
                                              : label;
    text += change.name;
    if (!change.before.empty() && !change.after.empty() &&
        change.before != change.after) {
      text += fmt::format("  {} -> {}", change.before, change.after);
    } else {
      text +=
          "  " + change.before + (change.before.empty() ? change.after : "");
    }
    text += "\n";
    const bool tell =
        change.change == Change::Worse || change.change == Change::Other;
    if (tell && !change.reason.empty()) {
      text +=
          "         " +
          printable_text(change.reason.substr(0, change.reason.find('\n'))) +
          "\n";
    }
    for (const std::string& line : change.lines) {
      text += "         " + printable_text(line) + "\n";
    }
  }
  std::string closing;
  for (const auto& [word, count] : counts) {
    closing += fmt::format("{}{} {}", closing.empty() ? "" : ", ", count, word);
  }
  return text + (closing.empty() ? "no difference" : closing) + "\n";
}

std::string diff_json(const std::vector<ResultChange>& changes) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ResultChange& change : changes) {
    list.push_back({{"change", word_of(change.change)},
                    {"name", change.name},
                    {"before", change.before},
                    {"after", change.after},
                    {"reason", change.reason},
                    {"lines", change.lines}});
  }
  return run::json_text(list, 2);
}

}  // namespace driftcage::report
