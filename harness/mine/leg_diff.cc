// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/leg_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/mine/miner.h"
#include "harness/mine/telling_line.h"
#include "harness/report/color.h"
#include "harness/report/escape.h"
#include "harness/run/record.h"
#include "harness/run/result_json.h"

namespace driftcage::mine {
namespace {

using Side = LineChange::Side;

std::set<std::string> texts_of(const std::vector<TraceLine>& lines) {
  std::set<std::string> texts;
  for (const TraceLine& line : lines) texts.insert(line.text(true, true));
  return texts;
}

const match::LegResult* leg_of(const run::ScenarioResult& result,
                               scenario::Leg wanted) {
  const auto found =
      std::find_if(result.legs.begin(), result.legs.end(),
                   [&](const auto& leg) { return leg.leg == wanted; });
  return found == result.legs.end() ? nullptr : &*found;
}

std::string end_text(const wire::End& end) {
  if (end.outcome == wire::Outcome::Finished) return end.status.text();
  std::string text(wire::outcome_name(end.outcome));
  if (end.error.err != 0) text += " (" + base::errno_name(end.error.err) + ")";
  return text;
}

std::vector<std::string> said_only_in(const match::LegResult& here,
                                      const match::LegResult& there) {
  Outputs outputs;
  outputs.healthy = {there.stdout_text, there.stderr_text};
  outputs.broken = {here.stderr_text};
  std::string text = only_broken(outputs);
  outputs.broken = {here.stdout_text};
  text += only_broken(outputs);
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::vector<LineChange> diff_lines(const std::vector<TraceLine>& control,
                                   const std::vector<TraceLine>& fault,
                                   bool all) {
  const std::set<std::string> well = texts_of(control);
  const std::set<std::string> ill = texts_of(fault);
  // Groups behind the lines that both have, in the control leg's order.
  std::map<std::string, std::size_t> order;
  for (const TraceLine& line : control) {
    order.emplace(line.text(true, true), order.size() + 1);
  }
  std::vector<std::pair<std::size_t, LineChange>> changes;
  const auto add = [&](const std::vector<TraceLine>& lines,
                       const std::set<std::string>& other, Side side) {
    std::string after;
    for (const TraceLine& line : lines) {
      std::string text = line.text(true, true);
      if (other.contains(text)) {
        after = std::move(text);
      } else if (all || !is_noise(line)) {
        const auto place = order.find(after);
        changes.emplace_back(place == order.end() ? 0 : place->second,
                             LineChange{side, text, line.count, after});
      }
    }
  };
  add(control, ill, Side::Control);
  add(fault, well, Side::Fault);
  std::stable_sort(
      changes.begin(), changes.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<LineChange> sorted;
  for (auto& [place, change] : changes) sorted.push_back(std::move(change));
  return sorted;
}

base::Result<LegDiff> diff_legs(const run::ScenarioResult& result, bool all) {
  const match::LegResult* control = leg_of(result, scenario::Leg::Control);
  const match::LegResult* fault = leg_of(result, scenario::Leg::Fault);
  if (control == nullptr || fault == nullptr) {
    return base::fail("compare the legs", result.scenario.id, 0,
                      result.judgement.reason.empty()
                          ? "it has no control leg and fault leg"
                          : result.judgement.reason);
  }
  const auto lines = [&](const match::LegResult& leg) {
    return read_trace_lines(
        result.record_folder + "/" + run::leg_folder(leg.name) + "/trace.dct",
        leg.variables);
  };
  LegDiff diff;
  diff.control_end = end_text(control->end);
  diff.fault_end = end_text(fault->end);
  diff.control_said = said_only_in(*control, *fault);
  diff.fault_said = said_only_in(*fault, *control);
  diff.lines = diff_lines(DRIFTCAGE_TRY(lines(*control)),
                          DRIFTCAGE_TRY(lines(*fault)), all);
  return diff;
}

std::string leg_diff_text(const LegDiff& diff, bool all, bool color) {
  constexpr std::size_t kInARow = 12;
  const report::Paint paint(color);
  std::string text = "--- control\n+++ fault\n";
  const auto minus = [&](const std::string& line) {
    text += paint(report::Color::Red, "- " + report::printable_text(line));
    text += "\n";
  };
  const auto plus = [&](const std::string& line) {
    text += paint(report::Color::Green, "+ " + report::printable_text(line));
    text += "\n";
  };
  if (diff.control_end != diff.fault_end) {
    minus(diff.control_end);
    plus(diff.fault_end);
  }
  for (const std::string& line : diff.control_said) minus("said: " + line);
  for (const std::string& line : diff.fault_said) plus("said: " + line);
  std::string after = "\n";  // no line is this one
  std::size_t sides[2] = {0, 0};
  for (std::size_t at = 0; at < diff.lines.size();) {
    const Side side = diff.lines[at].side;
    std::size_t end = at;
    while (end < diff.lines.size() && diff.lines[end].side == side) ++end;
    sides[side == Side::Control ? 0 : 1] += end - at;
    const bool cut = !all && end - at > kInARow + 1;
    for (std::size_t i = at; i < (cut ? at + kInARow : end); ++i) {
      const LineChange& change = diff.lines[i];
      if (change.after != after) {
        after = change.after;
        text += "  " + (after.empty() ? std::string("(start)") : after) + "\n";
      }
      const std::string line =
          change.count > 1 ? fmt::format("{} x{}", change.line, change.count)
                           : change.line;
      side == Side::Control ? minus(line) : plus(line);
    }
    if (cut) {
      text += fmt::format("    and {} more lines; --all shows them\n",
                          end - at - kInARow);
    }
    at = end;
  }
  return text + fmt::format(
                    "{} event lines only without the fault, {} only "
                    "with it\n",
                    sides[0], sides[1]);
}

std::string leg_diff_json(const LegDiff& diff) {
  nlohmann::ordered_json json = {
      {"control", {{"end", diff.control_end}, {"said", diff.control_said}}},
      {"fault", {{"end", diff.fault_end}, {"said", diff.fault_said}}},
      {"lines", nlohmann::ordered_json::array()}};
  for (const LineChange& change : diff.lines) {
    json["lines"].push_back(
        {{"only", change.side == Side::Control ? "control" : "fault"},
         {"line", change.line},
         {"count", change.count},
         {"after", change.after}});
  }
  return run::json_text(json, 2);
}

}  // namespace driftcage::mine
