// SPDX-License-Identifier: Apache-2.0
#include "harness/report/rounds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "harness/report/touched.h"
#include "harness/run/record.h"

namespace driftcage::report {
namespace {

constexpr std::size_t kMaxShown = 10;  // lines of a scenario

// Adds what the legs of one round did.
base::Status count_round(
    const run::ScenarioResult& result,
    std::map<std::pair<std::string, std::string>, std::size_t>& counts,
    std::map<std::string, std::size_t>& legs) {
  for (const match::LegResult& leg : result.legs) {
    const auto lines = DRIFTCAGE_TRY(touched(
        result.record_folder + "/" + run::leg_folder(leg.name) + "/trace.dct",
        leg.variables));
    ++legs[leg.name];
    for (const std::string& line : lines) ++counts[{leg.name, line}];
  }
  return {};
}

base::Result<Unsteady> compare_one(
    const std::vector<const run::Summary*>& rounds) {
  Unsteady found{rounds[0]->id, rounds[0]->image, rounds.size(), {}, {}};
  std::map<std::pair<std::string, std::string>, std::size_t> counts;
  std::map<std::string, std::size_t> legs;
  std::set<std::string> verdicts;
  for (const run::Summary* round : rounds) {
    const run::ScenarioResult result = run::Record::load_or_error(*round);
    // A damaged record says nothing of the scenario.
    if (!result.unread.empty()) continue;
    verdicts.emplace(model::verdict_name(round->verdict));
    DRIFTCAGE_CHECK_OK(count_round(result, counts, legs));
  }
  found.verdicts.assign(verdicts.begin(), verdicts.end());
  for (const auto& [key, count] : counts) {
    if (count < legs[key.first]) {
      found.lines.push_back({key.first, key.second, count});
    }
  }
  return found;
}

}  // namespace

base::Result<std::vector<Unsteady>> compare_rounds(const run::Record& record) {
  std::map<std::pair<std::string, std::string>,
           std::vector<const run::Summary*>>
      scenarios;
  for (const run::Summary& summary : record.results()) {
    scenarios[{summary.id, summary.image}].push_back(&summary);
  }
  std::vector<Unsteady> all;
  for (const auto& [key, rounds] : scenarios) {
    if (rounds.size() < 2) continue;
    Unsteady found = DRIFTCAGE_TRY(compare_one(rounds));
    if (found.verdicts.size() > 1 || !found.lines.empty()) {
      all.push_back(std::move(found));
    }
  }
  return all;
}

std::string rounds_text(const std::vector<Unsteady>& unsteady) {
  std::string text;
  for (const Unsteady& one : unsteady) {
    text += fmt::format(
        "unsteady    {}{}  {} of its events are not in all of {} rounds",
        one.id, one.image == "host" ? "" : " on " + one.image, one.lines.size(),
        one.rounds);
    if (one.verdicts.size() > 1) {
      text += fmt::format(", verdicts {}", fmt::join(one.verdicts, ", "));
    }
    text += "\n";
    const std::size_t shown = std::min(one.lines.size(), kMaxShown);
    for (std::size_t i = 0; i < shown; ++i) {
      const UnsteadyLine& line = one.lines[i];
      text += fmt::format("  {:<9} in {:>3}  {}\n", line.leg, line.rounds,
                          line.line);
    }
    if (shown < one.lines.size()) {
      text += fmt::format("  and {} more\n", one.lines.size() - shown);
    }
  }
  return text;
}

}  // namespace driftcage::report
